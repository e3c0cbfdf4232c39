"""The FID that papers publish for what a recipe trains."""

from collections.abc import Mapping

from ganbench.benchmarks.published import Published, every

__all__ = ["published_fid"]

FOURIER = "stylegan2 (config-b: with Fourier features)"
Row = tuple[
    str, str, str, str, str
]  # model, variant, data set, resolution and metric in the table of published numbers


def _stylegan3() -> dict[tuple[str, str], Row]:
    """Return the rows of StyleGAN3's paper: 1024 and 512 pixels of its main table, 256 of its ablations."""
    found: dict[tuple[str, str], Row] = {}
    data = {"ffhq": "1024", "ffhqu": "1024", "metfaces": "1024", "metfacesu": "1024", "afhqv2": "512"}
    for name, size in data.items():
        for kind in "tr":
            found["stylegan3", f"{name}-{size}-{kind}"] = ("stylegan3", f"stylegan3-{kind}", name, size, "fid50k_full")
        found["stylegan2", f"{name}-{size}"] = ("stylegan3", FOURIER, name, size, "fid50k_full")
    for kind in "tr":
        found["stylegan3", f"ffhqu-256-{kind}"] = ("stylegan3", f"config-{kind}", "ffhqu", "256", "fid50k_full")
    return found


ROWS: Mapping[tuple[str, str], Row] = {
    ("progan", "celebahq-1024"): ("progan", "", "celebahq", "1024", "fid50k"),
    **{
        ("progan", f"lsun-{category}-256"): ("progan", "", f"lsun-{category}", "256", "fid50k")
        for category in ("bedroom", "church", "cat")
    },
    ("stylegan1", "ffhq-1024"): ("stylegan", "config-f", "ffhq", "1024", "fid50k"),
    ("stylegan1", "celebahq-1024"): ("stylegan", "config-f", "celebahq", "1024", "fid50k"),
    ("stylegan1", "bedroom-256"): ("stylegan", "config-f", "lsun_bedroom", "256", "fid50k"),
    ("stylegan1", "cat-256"): ("stylegan", "config-f", "lsun_cat", "256", "fid50k"),
    ("stylegan1", "car-512"): ("stylegan", "config-f", "lsun_car", "512x384", "fid50k"),
    ("stylegan2", "stylegan2"): ("stylegan2", "config-f", "ffhq", "1024", "fid50k"),
    ("stylegan2", "lsun-car-512"): ("stylegan2", "config-f", "lsun_car", "512x384", "fid50k"),
    **{
        ("stylegan2", f"lsun-{category}-256"): ("stylegan2", "config-f", f"lsun_{category}", "256", "fid50k")
        for category in ("cat", "church", "horse")
    },
    ("stylegan2", "cifar"): ("stylegan2-ada", "conditional tuned", "cifar10", "32", "fid50k_full"),
    ("stylegan2", "paper256"): ("stylegan2-ada", "ffhq70k-paper256-ada.pkl", "ffhq", "256", "fid50k_full"),
    ("stylegan2", "ffhqu-256"): ("stylegan3", "config-a", "ffhqu", "256", "fid50k_full"),
    **_stylegan3(),
    ("starganv2", "afhq-256"): ("starganv2", "official checkpoint 100k iters", "afhq", "256", "fid_latent"),
    ("starganv2", "celebahq-256"): ("starganv2", "official checkpoint 100k iters", "celebahq", "256", "fid_latent"),
    ("cyclegan", "horse2zebra-256"): ("cyclegan", "", "horse2zebra", "256", "fid (legacy, reported)"),
}


def published_fid(model: str, recipe: str) -> Published | None:
    """Return the published FID of what a recipe trains; None where there is none.

    Of several transcriptions, that of the highest confidence goes first.

    Deviation: StyleGAN3's paper gives StyleGAN2 in its configuration B, with Fourier features, which its authors'
    settings do not have; and of CIFAR-10 there is the number with labels alone, which needs ``--conditional``.
    ``variant`` says so. CycleGAN's is as CUT's authors report it, of the test images (Park et al., ECCV 2020).
    """
    wanted = ROWS.get((model, recipe))
    if wanted is None:
        return None
    found = [row for row in every() if (row.model, row.variant, row.dataset, row.resolution, row.metric) == wanted]
    return min(found, key=lambda row: ("high", "med", "low").index(row.confidence), default=None)
