from pathlib import Path
from typing import Any

import pytest
import torchvision

from ganbench import registry
from ganbench.cli.summaries import summary
from ganbench.errors import BadInputError
from ganbench.extractors import alexnet, inception_torchvision, vgg16
from ganbench.models.base import adapter_of
from tests.cli.command_line import ganbench


@pytest.mark.parametrize("kind", registry.KINDS)
def test_every_name_is_listed(kind: str) -> None:
    done = ganbench("list", kind)
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(registry.names(kind))
    assert "`" not in done.stdout


def test_without_a_kind_everything_is_listed() -> None:
    done = ganbench("list")
    for kind in registry.KINDS:
        assert f"{kind}:\n" in done.stdout
    assert "  waves " in done.stdout


@pytest.mark.parametrize("kind", registry.KINDS)
def test_long_imports_and_tells_more(kind: str) -> None:
    done = ganbench("list", kind, "--long")
    assert done.exit_code == 0, done.stderr
    assert len(done.stdout) >= len(ganbench("list", kind).stdout)


def test_long_tells_parameters_recipes_and_short_names() -> None:
    assert "lower is better; version 1" in ganbench("list", "metrics", "--long").stdout
    assert "recipes: " in ganbench("list", "models", "--long").stdout
    assert "short names: fid = " in ganbench("list", "benchmarks", "--long").stdout


def test_details_fit_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    details = [line for line in ganbench("list", "metrics", "--long").stdout.splitlines() if line.startswith(" ")]
    assert max(map(len, details)) <= 80


def test_a_summary_is_the_description_or_the_documentation() -> None:
    assert summary("benchmarks", "toy") == "waves against stripes"
    assert summary("data", "stripes") == "The stripes; they come in one variant."
    assert summary("models", "waves").startswith("A third party's package")
    assert summary("models", "no such model") == ""


def test_no_control_character_of_anothers_making_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "names", lambda kind: ("x\x1b[2J\u202e",))
    done = ganbench("list")
    assert done.exit_code == 0
    assert done.stdout.replace("\n", "").isprintable()
    assert "  x\\x1b[2J\\u202e\n" in done.stdout


def test_a_package_that_cannot_be_imported_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    load = registry.load

    def broken(kind: str, name: str) -> Any:
        if name == "stylegan2":
            raise BadInputError("models 'stylegan2' (x:y) cannot be imported: no.")
        return load(kind, name)

    monkeypatch.setenv("COLUMNS", "10000")  # or else details are wrapped
    wanted = ganbench("list", "models", "--long").stdout
    monkeypatch.setattr(registry, "load", broken)
    done = ganbench("list", "models", "--long")
    assert done.exit_code == 2
    assert done.stderr == "ganbench: models 'stylegan2' (x:y) cannot be imported: no.\n"
    assert set(done.stdout.splitlines()) < set(wanted.splitlines())
    assert len(done.stdout.splitlines()) == len(wanted.splitlines()) - 2


def test_weights_are_listed_with_name_checksum_licence_and_address(monkeypatch: pytest.MonkeyPatch) -> None:
    done = ganbench("list", "weights")
    assert done.exit_code == 0, done.stderr
    for name in registry.names("models"):
        for short, checkpoint in adapter_of(name).published.items():
            assert f"{name}:{short}  {checkpoint.weights.name}  " in done.stdout
            assert f"  {checkpoint.url}\n" in done.stdout
    assert f"  sha256 {vgg16.SHA256}\n" in done.stdout
    assert "lpips-vgg16, vgg16  vgg16-397923af.pth  527.8 MiB  not here\n" in done.stdout
    assert done.stdout.count("celebahq-classifier") == 2 * 40
    assert "licence not on record" not in done.stdout


def test_files_that_a_model_uses_beside_weights_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANBENCH_WEIGHTS", str(tmp_path))
    (tmp_path / "wing.ckpt").write_bytes(bytes(2**20))
    told = ganbench("list", "weights").stdout
    assert f"starganv2  wing.ckpt  1.0 MiB  here: {tmp_path / 'wing.ckpt'}" in told
    assert "starganv2  celeba_lm_mean.npz  size not on record  not here" in told


def test_weights_that_are_here_are_listed_with_their_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "vgg16-397923af.pth").write_bytes(bytes(2**20))
    monkeypatch.setenv("GANBENCH_WEIGHTS", str(tmp_path))
    assert f"vgg16-397923af.pth  1.0 MiB  here: {tmp_path}" in ganbench("list", "weights").stdout


@pytest.mark.parametrize(
    ("published", "weights"),
    [
        (vgg16, torchvision.models.VGG16_Weights.IMAGENET1K_V1),
        (alexnet, torchvision.models.AlexNet_Weights.IMAGENET1K_V1),
        (inception_torchvision, torchvision.models.Inception_V3_Weights.IMAGENET1K_V1),
    ],
)
def test_sizes_and_addresses_are_those_that_torchvision_publishes(published: Any, weights: Any) -> None:
    (file,) = published.weights()
    assert file.url == weights.url
    assert file.nbytes / 2**20 == pytest.approx(weights.meta["_file_size"], abs=5e-4)


def test_a_package_that_cannot_be_imported_hides_no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    known = registry.names

    def names(kind: str) -> tuple[str, ...]:
        return ("broken", *known(kind))

    monkeypatch.setattr(registry, "names", names)
    done = ganbench("list", "weights")
    assert done.exit_code == 2
    assert "vgg16-397923af.pth" in done.stdout
    assert len(done.stderr.splitlines()) == 2


def section(benchmark: str, *more: str) -> list[str]:
    """Return the lines that ``list benchmarks --long`` prints of one benchmark, without their indentation."""
    done = ganbench("list", "benchmarks", "--long", *more)
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith(f"{benchmark} "))
    return [line.strip() for line in lines[start : lines.index("", start)]]


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


@pytest.mark.usefixtures("wide")
def test_a_benchmark_reads_like_its_paper() -> None:
    lines = [" ".join(line.split()) for line in section("stylegan3")]
    assert lines[1].endswith("arXiv:2106.12423")
    assert lines[2] == "version 1; data named with --data (the paper's is FFHQ-U: 70,000 at 1024x1024)"
    assert "FID50k_full 50,000 all inception" in lines
    assert "EQT50k_int 50,000 - -" in lines
    at = lines.index("variant data size FID50k_full EQT50k_int EQR50k")
    assert "Figure 5 left" in lines[at - 1]
    assert "stylegan3-t ffhqu 1024 3.67 61.69 13.95" in lines[at:]
    assert "config-a ffhqu 256 5.14 - -" in lines[at:]
    assert any("covariances divide by N - 1" in line for line in section("stylegan1"))
    starganv2 = [" ".join(line.split()) for line in section("starganv2")]
    assert "FID_latent all x 10 all inception-torchvision" in starganv2
    assert "LPIPS_latent all x 10 - lpips-alex-stargan" in starganv2


@pytest.mark.usefixtures("wide")
def test_numbers_of_low_confidence_are_shown_when_asked_for() -> None:
    some, all_ = section("starganv2"), section("starganv2", "--all")
    assert some[-1] == "24 published numbers of low confidence are left out: --all shows them."
    assert not any("munit" in line for line in some)
    assert any("munit" in line and "31.4" in line for line in all_)
    assert not any("left out" in line for line in all_)


@pytest.mark.usefixtures("wide")
def test_a_model_that_a_paper_compares_with_stands_in_its_table() -> None:
    lines = [" ".join(line.split()) for line in section("cyclegan")]
    at = next(at for at, line in enumerate(lines) if "1703.10593 Table 2" in line)
    assert lines[at + 2 : at + 5] == [
        "cyclegan cityscapes labels->photo 256 0.52 0.17 0.11",
        "pix2pix cityscapes labels->photo 256 0.71 0.25 0.18",
        "cogan cityscapes labels->photo 256 0.4 0.1 0.06",
    ]


def test_a_metric_that_is_not_measured_here_keeps_the_name_that_it_was_published_under() -> None:
    from ganbench.cli.benchmark_tables import as_printed

    for name in ("fid50k_mix2latents", "kid50k_full x1e3", "fid", "fcn_per_pixel_acc", "clean_fid50k"):
        assert as_printed(name) == name
    assert as_printed("ppl_wend") == "PPL_wend"
    assert as_printed("ls_w") == "LS_w"
    assert as_printed("pr50k3_precision") == "PR50k3_precision"


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_no_line_is_wider_than_the_terminal_and_no_number_is_broken(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    done = ganbench("list", "benchmarks", "--long", "--all")
    assert max(map(len, done.stdout.splitlines())) <= columns
    words = set(done.stdout.split())
    assert {"664.8854", "61.69", "23.84", "0.4501", "2.98"} <= words
    assert not any(line != line.rstrip() for line in done.stdout.splitlines() if line.startswith("  "))
