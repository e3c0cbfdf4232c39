"""``convert --to official``: our readers find the same networks again, and official programs draw the same images."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from baselines.stargan.networks import Generator as StarGAN
from baselines.starganv2 import networks as starganv2
from baselines.training.streams import seeded
from baselines.training.weights import save_weights
from ganbench.checkpoints import load
from ganbench.checkpoints.converting import official_files
from ganbench.checkpoints.loading import found_in
from ganbench.errors import BadInputError
from tests.cli.command_line import complaint, ganbench
from tests.formats.official_programs import PYTORCH, STARGAN, STARGAN2, TENSORFLOW, drawn
from tests.golden_cases import cases

WEIGHTS = Path(__file__).parent.parent.parent / "baselines"
SNAPSHOTS = cases("stylegan23/pkl_*")
TF_SNAPSHOTS = [path for path in cases("stylegan1/*") if (path / "network.pkl").exists()]
FIRST = [path for path in TF_SNAPSHOTS if path.name.startswith("sg1")]
STATES = [path for case in cases("cyclegan/*") for path in sorted(case.glob("latest_net_*.pth"))]
EMBEDDED = ["progan", "stylegan1", "stylegan2", "stylegan3", "cyclegan", "pix2pix"]
SIZES = {"img_size": 64, "style_dim": 8, "max_conv_dim": 32}
PLAIN = {**SIZES, "w_hpf": 0}
DOMAINS = {"style_dim": 8, "num_domains": 2}


def written(folder: Path, source: Path) -> Path:
    """Return the only file of those for the official program."""
    ((name, content),) = official_files(source).items()
    path = folder / name
    path.write_bytes(content)
    return path


def same(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def latents(G: Any) -> dict[str, Any]:
    z = torch.randn(4, G.z_dim, generator=torch.Generator().manual_seed(0))
    c = torch.eye(G.c_dim)[torch.arange(4) % G.c_dim] if G.c_dim else torch.zeros(4, 0)
    return {"z": z.numpy(), "c": c.numpy()}


def near(found: Any, expected: Any, tolerance: float = 1e-5) -> None:
    """Assert that values differ by less than a share of the largest."""
    expected = np.asarray(expected)
    assert np.abs(found - expected).max() <= tolerance * max(1, np.abs(expected).max())


def starganv2_nets() -> nn.ModuleDict:
    with seeded(0):
        return nn.ModuleDict(
            {
                "generator": starganv2.Generator(**PLAIN),
                "mapping_network": starganv2.MappingNetwork(**DOMAINS),
                "style_encoder": starganv2.StyleEncoder(**SIZES, num_domains=2),
            }
        ).eval()


@pytest.fixture
def translators(tmp_path: Path) -> Path:
    """A file of ours with StarGAN v2's networks at a size that the official program builds, too."""
    configs = {"generator": PLAIN, "mapping_network": DOMAINS, "style_encoder": {**SIZES, "num_domains": 2}}
    path = tmp_path / "ours.safetensors"
    save_weights(path, starganv2_nets(), model="starganv2", config=configs)
    return path


@pytest.mark.parametrize("case", SNAPSHOTS + FIRST, ids=lambda case: case.name)
def test_official_to_ours_to_official_gives_equal_networks(case: Path, tmp_path: Path) -> None:
    before, after = load(case / "network.pkl"), load(written(tmp_path, case / "network.pkl"))
    assert before.keys() == after.keys()
    for name, network in before.items():
        assert type(network) is type(after[name])
        assert same(network.state_dict(), after[name].state_dict())


@pytest.mark.parametrize("case", [path for path in TF_SNAPSHOTS if path not in FIRST], ids=lambda case: case.name)
def test_stylegan2s_tensorflow_networks_become_pytorch_snapshots_with_the_same_images(
    case: Path, tmp_path: Path
) -> None:
    before, after = load(case / "network.pkl"), load(written(tmp_path, case / "network.pkl"))
    z = torch.from_numpy(latents(before["Gs"])["z"])
    near(after["G_ema"](z).numpy(), before["Gs"](z).numpy())
    images = before["Gs"](z)
    near(after["D"](images).numpy(), before["D"](images).numpy())


@pytest.mark.parametrize("path", STATES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_authors_state_dicts_come_back_name_by_name(path: Path, tmp_path: Path) -> None:
    before = torch.load(path, weights_only=True)
    used = {name: tensor for name, tensor in before.items() if name in next(iter(load(path).values())).state_dict()}
    ((name, content),) = official_files(path).items()
    (tmp_path / name).write_bytes(content)
    assert name == (path.name if path.stem[-1] in "ABG" and "pre04" not in name else name)
    assert same(used, torch.load(tmp_path / name, weights_only=True))


@pytest.mark.parametrize("case", [*cases("stargan2/ckpt_d2_hpf0"), *cases("stargan2/ckpt_d3*")], ids=lambda it: it.name)
def test_starganv2s_official_files_come_back_name_by_name(case: Path, tmp_path: Path) -> None:
    source = case / "100000_nets_ema.ckpt"
    before = torch.load(source, weights_only=True)
    after = torch.load(written(tmp_path, source), weights_only=True)
    assert before.keys() == after.keys()
    for name, tensors in before.items():
        assert same({key.removeprefix("module."): tensor for key, tensor in tensors.items()}, after[name])


@pytest.mark.parametrize("model", EMBEDDED)
def test_networks_trained_here_come_back_and_the_files_are_the_same_each_time(model: str, tmp_path: Path) -> None:
    source = WEIGHTS / model / "weights" / "digits32.safetensors"
    files = official_files(source)
    assert files == official_files(source)
    for (name, content), spec in zip(files.items(), found_in(source).values(), strict=True):
        (tmp_path / name).write_bytes(content)
        loaded = load(tmp_path / name)
        averaged = next(loaded[key] for key in ("G_ema", "Gs", *loaded) if key in loaded)
        assert same(dict(spec.spec.tensors), averaged.state_dict())


def test_a_snapshot_of_a_generator_alone_has_it_twice_and_no_discriminator(tmp_path: Path) -> None:
    loaded = load(written(tmp_path, WEIGHTS / "stylegan3/weights/digits32.safetensors"))
    assert loaded.keys() == {"G", "G_ema"}


def test_no_source_text_but_our_own_few_lines_is_in_a_snapshot() -> None:
    for case in SNAPSHOTS:
        (content,) = official_files(case / "network.pkl").values()
        assert content.count(b"import") <= 7
        assert b"NVIDIA" not in content
        assert b"modulated_conv2d" not in content


def test_networks_that_the_official_program_does_not_build_are_refused(translators: Path, tmp_path: Path) -> None:
    for model, reason in {"starganv2": "img_channels 1", "stargan": "img_channels 1"}.items():
        with pytest.raises(BadInputError, match=reason):
            official_files(WEIGHTS / model / "weights" / "digits32.safetensors")
    with pytest.raises(BadInputError, match="which cannot be written for an official program"):
        official_files(attribute_file(tmp_path))


def attribute_file(folder: Path) -> Path:
    from baselines.attributes.networks import AttributeNetwork

    config = {"num_attributes": 2, "img_resolution": 32, "img_channels": 1}
    save_weights(folder / "a.safetensors", AttributeNetwork(**config), model="attributes", config=config)
    return folder / "a.safetensors"


@pytest.mark.parametrize("repository", ["stylegan3", "stylegan2-ada-pytorch"])
@pytest.mark.parametrize("case", SNAPSHOTS, ids=lambda case: case.name)
def test_the_official_pytorch_programs_draw_the_same_images(case: Path, repository: str, tmp_path: Path) -> None:
    if "sg3" in case.name and "ada" in repository:
        pytest.skip("StyleGAN2-ADA's program has no StyleGAN3")
    nets = load(case / "network.pkl")
    given = latents(nets["G_ema"])
    found = drawn(repository, PYTORCH, written(tmp_path, case / "network.pkl"), **given)
    z, c = (torch.from_numpy(given[name]) for name in "zc")
    near(found["images"], nets["G_ema"](z, c, truncation_psi=0.7, force_fp32=True).numpy())
    near(found["scores"], nets["D"](torch.from_numpy(found["images"]), c).numpy())


@pytest.mark.parametrize("model", ["stylegan2", "stylegan3"])
def test_the_official_pytorch_programs_draw_what_networks_trained_here_draw(model: str, tmp_path: Path) -> None:
    source = WEIGHTS / model / "weights" / "digits32.safetensors"
    (G,) = load(source).values()
    given = latents(G)
    found = drawn("stylegan3", PYTORCH, written(tmp_path, source), **given)
    z, c = (torch.from_numpy(given[name]) for name in "zc")
    near(found["images"], G(z, c, truncation_psi=0.7).numpy())
    assert not found["scores"].size


@pytest.mark.parametrize(
    ("repository", "source"),
    [
        *(("stylegan", case / "network.pkl") for case in FIRST),
        ("stylegan", WEIGHTS / "stylegan1/weights/digits32.safetensors"),
        ("progressive_growing_of_gans", WEIGHTS / "progan/weights/digits32.safetensors"),
    ],
    ids=lambda it: it if isinstance(it, str) else it.parent.name,
)
def test_the_official_tensorflow_programs_draw_the_same_images(repository: str, source: Path, tmp_path: Path) -> None:
    nets = load(source)
    G: Any = nets["Gs"]
    given = latents(G)
    found = drawn(repository, TENSORFLOW, written(tmp_path, source), **given)
    z, c = (torch.from_numpy(given[name]) for name in "zc")
    truncated = {"truncation_psi": 0.7, "truncation_cutoff": 8} if repository == "stylegan" else {}
    near(found["images"], G(z, c, **truncated).numpy())
    if "D" in nets:
        near(found["scores"], nets["D"](torch.from_numpy(found["images"]), c).numpy())


def test_the_official_program_of_starganv2_draws_the_same_images(translators: Path, tmp_path: Path) -> None:
    written(tmp_path, translators)
    x, z, y = torch.randn(2, 3, 64, 64), torch.randn(2, 16), torch.tensor([0, 1])
    sizes = np.array([64, 8, 2, 32, 16, 0])
    (tmp_path / "run").mkdir()
    (tmp_path / "100000_nets_ema.ckpt").rename(tmp_path / "run" / "100000_nets_ema.ckpt")
    found = drawn("stargan-v2", STARGAN2, tmp_path / "run", sizes=sizes, x=x.numpy(), z=z.numpy(), y=y.numpy())
    nets: Any = starganv2_nets()
    with torch.no_grad():
        near(found["latent"], nets["generator"](x, nets["mapping_network"](z, y)).numpy())
        near(found["reference"], nets["generator"](x, nets["style_encoder"](x, y)).numpy())


def test_the_official_program_of_stargan_draws_the_same_images(tmp_path: Path) -> None:
    config = {"c_dim": 2, "img_channels": 3, "conv_dim": 8, "repeat_num": 2}
    with seeded(0):
        G = StarGAN(**config).eval()
    save_weights(tmp_path / "ours.safetensors", G, model="stargan", config=config)
    x, c = torch.randn(2, 3, 32, 32), torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    path = written(tmp_path, tmp_path / "ours.safetensors")
    found = drawn("stargan", STARGAN, path, sizes=np.array([8, 2, 2]), x=x.numpy(), c=c.numpy())
    with torch.no_grad():
        near(found["images"], G(x, c).numpy())


def test_the_command_writes_one_file_or_a_folder_and_never_over_another(tmp_path: Path) -> None:
    source = WEIGHTS / "stylegan3/weights/digits32.safetensors"
    target = tmp_path / "new" / "mine.pkl"
    done = ganbench("convert", source, target, "--to", "official")
    assert (done.exit_code, done.stdout) == (0, f"{target}\n"), done.stderr
    assert target.read_bytes() == official_files(source)["network-snapshot.pkl"]
    assert "exists" in complaint("convert", source, target, "--to", "official")
    assert "ending in .pkl" in complaint("convert", source, tmp_path / "x.ckpt", "--to", "official")
    pair = WEIGHTS / "cyclegan/weights/digits32.safetensors"
    assert "folder" in complaint("convert", pair, tmp_path / "x.pth", "--to", "official")
    done = ganbench("convert", pair, tmp_path / "pair", "--to", "official")
    names = ["latest_net_G_A.pth", "latest_net_G_B.pth"]
    assert done.stdout.split() == [str(tmp_path / "pair" / name) for name in names]
    assert sorted(path.name for path in (tmp_path / "pair").iterdir()) == names


def test_labels_as_tensorflows_stylegan2_takes_them_are_refused(tmp_path: Path) -> None:
    from ganbench.formats.stylegan2 import GENERATOR, record

    spec = next(iter(found_in(WEIGHTS / "stylegan2/weights/digits32.safetensors").values())).spec
    config = {**spec.config, "c_dim": 3, "mapping_kwargs": {"label_concat": True}}
    with pytest.raises(BadInputError, match="labels as TensorFlow's StyleGAN2 takes them"):
        record(replace(spec, config=config))
    assert spec.architecture is GENERATOR
