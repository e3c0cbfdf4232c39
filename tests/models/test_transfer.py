"""Training that starts from other weights, by every adapter: snapshots, official files, names, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import toygan

from baselines.stylegan2.networks import Discriminator, Generator
from baselines.training import snapshots
from baselines.training.weights import load_state, read_header
from baselines.translation.networks import discriminator, generator
from ganbench.checkpoints import file_sha256, load
from ganbench.data import open_data
from ganbench.errors import BadInputError, UnknownNameError
from ganbench.models import cyclegan, pix2pix, stargan, starganv2, transfer
from ganbench.models.base import adapter_of
from ganbench.types import Checkpoint, Recipe
from tests.checkpoints.forge import snapshot, stored
from tests.cli.command_line import complaint, ganbench
from tests.golden_cases import golden
from tests.models import test_cyclegan, test_pix2pix, test_stargan
from tests.models.tiny_stylegans import COMMON, JUDGE, settings

WHOLE = COMMON | {"img_resolution": 32}
STYLEGAN2 = {**WHOLE, "mapping_kwargs": {"num_layers": 1}, **JUDGE}
STARGANV2 = {
    **starganv2.adapter.recipes["digits32"].settings,
    "hidden_dim": 4,
    "base_channels": 2,
    "max_conv_dim": 4,
    "bottleneck": 4,
    "batch": 2,
    "kimg": 0.002,
    "device": "cpu",
}
NAMES = ("generator", "discriminator", "batch")
EMPTY = {"kimg": 0.004, "g_lr": 0, "d_lr": 0}  # a step that learns nothing


def train(adapter: Any, data: Any, folder: Path, resume: bool = False, **changes: Any) -> Path:
    path: Path = adapter.train(data, Recipe("tiny", changes), folder, resume, lambda tick: None)
    return path


def networks(folder: Path) -> dict[str, dict[str, Any]]:
    return transfer._of_snapshot(snapshots.listed(folder)[-1])


def equal(one: dict[str, Any], other: Any) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name].float()) for name in one)


def official(path: Path) -> tuple[Path, dict[str, torch.nn.Module]]:
    D = {name: value for name, value in WHOLE.items() if name not in ("z_dim", "w_dim")} | JUDGE
    nets: dict[str, torch.nn.Module] = {"G": Generator(**STYLEGAN2), "D": Discriminator(**D)}
    nets["G_ema"] = Generator(**STYLEGAN2)
    kinds = {"G": ("Generator", STYLEGAN2), "D": ("Discriminator", D), "G_ema": ("Generator", STYLEGAN2)}
    for name in nets:
        nets[name].requires_grad_(False)
    return snapshot(path, **{name: stored(net, *kinds[name]) for name, net in nets.items()}), nets


def test_an_official_snapshot_gives_all_three_networks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, nets = official(tmp_path / "network-snapshot-000100.pkl")
    changes = settings("stylegan2", **EMPTY, ema_kimg=10, ema_rampup=None, start=str(path))
    train(adapter_of("stylegan2"), toygan.Stripes(), tmp_path / "run", **changes)
    found = networks(tmp_path / "run")
    assert equal(found["D"], nets["D"].state_dict())
    state = {**nets["G"].state_dict(), "mapping.w_avg": found["G"]["mapping.w_avg"]}  # which tracks what is drawn
    assert equal(found["G"], state)
    beta = 0.5 ** (4 / 10000)  # of the average, after one step
    const = "synthesis.b4.const"
    expected = nets["G_ema"].state_dict()[const].lerp(state[const], 1 - beta)
    torch.testing.assert_close(found["G_ema"][const], expected)
    sha256 = file_sha256(path)
    said = capsys.readouterr().err.splitlines()
    assert said[0] == f"start from network-snapshot-000100.pkl (sha256 {sha256[:12]}):"
    assert [line.split(":")[0] for line in said[1:4]] == ["  G", "  D", "  G_ema"]
    header = read_header(tmp_path / "run" / "stylegan2.safetensors")
    counts = {name: [len(_learned(nets[name]))] * 2 for name in ("G", "D", "G_ema")}
    assert header["transfer"] == {"source": path.name, "sha256": sha256, "tensors": counts}
    assert read_header(snapshots.listed(tmp_path / "run")[-1])["transfer"] == header["transfer"]


def _learned(network: torch.nn.Module) -> list[str]:
    return [name for name in network.state_dict() if not name.endswith("filter")]


def test_the_source_is_not_read_again_when_a_run_resumes(tmp_path: Path) -> None:
    path, _ = official(tmp_path / "a.pkl")
    adapter, data = adapter_of("stylegan2"), toygan.Stripes()
    changes = settings("stylegan2", start=str(path))
    whole = train(adapter, data, tmp_path / "whole", **changes)
    train(adapter, data, tmp_path / "parts", **{**changes, "kimg": 0.008})
    path.unlink()
    with pytest.raises(BadInputError, match=r"expected the run in .*parts to have started from b\.pkl, found a\.pkl"):
        train(adapter, data, tmp_path / "parts", True, **{**changes, "start": "b.pkl"})
    resumed = train(adapter, data, tmp_path / "parts", True, **changes)
    assert resumed.read_bytes() == whole.read_bytes()
    assert "transfer" in read_header(resumed)
    with pytest.raises(BadInputError, match=r"a\.pkl"):
        train(adapter, data, tmp_path / "other", **changes)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("name", ["progan", "stylegan1", "stylegan2", "stylegan3"])
def test_weights_alone_make_the_generator_and_a_new_discriminator(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    adapter: Any = adapter_of(name)
    own = adapter.recipes["digits32"].settings
    short = {"kimg": own["batch"] / 1000, "batches": {}} if "batches" in own else {"kimg": own["batch"] / 1000}
    changes = {**own, **short, "g_lr": 0, "d_lr": 0, "start": str(adapter.embedded.weights), "device": "cpu"}
    if "g_lrs" in own:
        changes |= {"g_lrs": {}, "d_lrs": {}}
    path = train(adapter, open_data("digits"), tmp_path / "run", **changes)
    said = capsys.readouterr().err
    assert "tensors from G_ema" in said
    assert "D: new, as the source has none" in said
    source, found = load_state(adapter.embedded.weights), load_state(path)
    running = ("w_avg", "lod", "magnitude_ema", "filter")
    for key, tensor in source.items():
        if not key.endswith(running):
            torch.testing.assert_close(found[key], tensor, rtol=0, atol=0)


def test_a_run_folder_stands_for_its_newest_snapshot(tmp_path: Path) -> None:
    adapter, data = adapter_of("stylegan2"), toygan.Stripes()
    train(adapter, data, tmp_path / "first", **settings("stylegan2"))
    train(adapter, data, tmp_path / "next", **settings("stylegan2", **EMPTY, start=str(tmp_path / "first")))
    assert equal(networks(tmp_path / "next")["D"], networks(tmp_path / "first")["D"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInputError, match="expected a snapshot or latest_net_"):
        train(adapter, data, tmp_path / "x", **settings("stylegan2", start=str(tmp_path / "empty")))


def test_another_number_of_classes_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, _ = official(tmp_path / "a.pkl")
    changes = settings("stylegan2", start=str(path), conditional=True)
    train(adapter_of("stylegan2"), open_data("digits"), tmp_path / "run", **changes)
    said = capsys.readouterr().err
    assert "not in the source: mapping.embed.weight, mapping.embed.bias; of another shape: mapping.fc0.weight" in said


def test_another_family_is_refused(tmp_path: Path) -> None:
    adapter, data = adapter_of("stylegan3"), toygan.Stripes()
    path, _ = official(tmp_path / "a.pkl")
    changes = settings("stylegan3")
    for source, words in ((path, "a StyleGAN2 generator in a.pkl"), (starganv2.adapter.embedded.weights, "StarGAN v2")):
        with pytest.raises(BadInputError, match=f"expected weights of stylegan3 .* {words}"):
            train(adapter, data, tmp_path / "run", **changes, start=str(source))
    train(adapter_of("stylegan2"), data, tmp_path / "other", **settings("stylegan2"))
    with pytest.raises(BadInputError, match="found those of a stylegan2 in other: give weights of the same model"):
        train(adapter, data, tmp_path / "run", **changes, start=str(tmp_path / "other"))
    with pytest.raises(BadInputError, match="expected weights of the model to train, found those of stylegan2"):
        train(adapter, data, tmp_path / "run", **changes, start="stylegan2:ffhq-1024")
    assert not (tmp_path / "run").exists()


def test_a_published_name_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, _ = official(tmp_path / "a.pkl")
    asked: list[Any] = []
    monkeypatch.setattr(transfer, "fetch_weights", lambda file: asked.append(file) or path)
    adapter: Any = adapter_of("stylegan2")
    weights = train(adapter, toygan.Stripes(), tmp_path / "run", **settings("stylegan2", start="stylegan2:ffhq-256"))
    wanted: Checkpoint = adapter.published["ffhq-256"]
    assert asked == [wanted.weights]
    assert read_header(weights)["transfer"]["source"] == "stylegan2:ffhq-256"
    with pytest.raises(UnknownNameError, match="did you mean ffhq-256"):
        train(adapter, toygan.Stripes(), tmp_path / "x", **settings("stylegan2", start="stylegan2:ffhq-25"))


def test_an_official_tensorflow_snapshot_gives_all_three_networks() -> None:
    (path,) = golden("stylegan1/sg1_main_32").glob("*.pkl")
    adapter: Any = adapter_of("stylegan1")
    source = transfer.read(adapter, str(path))
    assert list(source.networks) == ["G", "D", "G_ema"]
    assert source.start.states["G_ema"].keys() == source.start.states["G"].keys()
    own, given = source.start.states["G_ema"], load(path)["Gs"].state_dict()
    assert equal(dict(own), given)


def test_cyclegan_starts_from_its_official_files_and_its_snapshots(tmp_path: Path) -> None:
    (tmp_path / "official").mkdir()
    nets = {name: generator(netG="resnet", input_nc=1, output_nc=1, ngf=2, n_blocks=6) for name in ("G_A", "G_B")}
    for name, net in nets.items():
        torch.save(net.state_dict(), tmp_path / "official" / f"latest_net_{name}.pth")
    judge = discriminator(netD="n_layers", input_nc=1, ndf=2, n_layers=3)
    torch.save(judge.state_dict(), tmp_path / "official" / "latest_net_D_B.pth")
    changes = {
        **test_cyclegan.TINY,
        "generator": {"netG": "resnet", "ngf": 2, "n_blocks": 6},
        "discriminator": {"netD": "n_layers", "ndf": 2, "n_layers": 3},
        "lr": 0,
        "kimg": 0.004,
    }
    data = open_data("digit-domains:3,8")
    train(cyclegan.adapter, data, tmp_path / "run", **changes, start=str(tmp_path / "official"))
    found = networks(tmp_path / "run")
    for name, net in nets.items():
        part = {key.removeprefix(f"{name}."): t for key, t in found["G"].items() if key.startswith(f"{name}.")}
        assert equal(part, net.state_dict())
    assert equal(found["D_B"], judge.state_dict())
    # As published: one generator, whose file does not say which.
    torch.save(nets["G_B"].state_dict(), tmp_path / "horse2zebra.pth")
    train(cyclegan.adapter, data, tmp_path / "one", **changes, start=str(tmp_path / "horse2zebra.pth"))
    one = networks(tmp_path / "one")["G"]
    assert equal({key[4:]: t for key, t in one.items() if key.startswith("G_A.")}, nets["G_B"].state_dict())
    train(cyclegan.adapter, data, tmp_path / "next", **changes, start=str(tmp_path / "run"), seed=9)
    assert equal(networks(tmp_path / "next")["D_A"], found["D_A"])


@pytest.mark.parametrize(
    ("adapter", "tiny", "data", "judge"),
    [
        (stargan.adapter, test_stargan.TINY, "digit-domains:3,8", "D"),
        (pix2pix.adapter, test_pix2pix.TINY, "digit-edges", "D"),
        (starganv2.adapter, STARGANV2, "digit-domains:3,8", "discriminator"),
    ],
)
def test_the_other_translators_start_from_their_snapshots(
    adapter: Any, tiny: dict[str, Any], data: str, judge: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = open_data(data)
    train(adapter, images, tmp_path / "first", **tiny)
    still = {name: 0 for name in ("lr", "g_lr", "d_lr", "f_lr") if name in tiny}
    train(adapter, images, tmp_path / "next", **{**tiny, **still, "seed": 9, "start": str(tmp_path / "first")})
    first, found = networks(tmp_path / "first"), networks(tmp_path / "next")
    assert equal(*({key: tensor for key, tensor in it[judge].items() if "_" not in key} for it in (found, first)))
    said = capsys.readouterr().err
    assert "not in the source" not in said
    assert "new, as" not in said


def test_starganv2_starts_from_its_averages_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = train(starganv2.adapter, open_data("digit-domains:3,8"), tmp_path / "first", **STARGANV2)
    train(starganv2.adapter, open_data("digit-domains:3,8"), tmp_path / "next", **STARGANV2, start=str(first))
    said = capsys.readouterr().err
    assert "discriminator: new, as the source has none" in said
    assert "generator_ema: " in said
    assert " from generator" in said
    train(starganv2.adapter, open_data("digit-domains:3,8,1"), tmp_path / "three", **STARGANV2, start=str(first))
    said = capsys.readouterr().err
    assert "not in the source: unshared.2" in said


def test_the_option_sets_what_the_authors_set(tmp_path: Path) -> None:
    path, _ = official(tmp_path / "a.pkl")
    small = [f"{name}={json.dumps(value)}" for name, value in settings("stylegan2").items() if name in NAMES]
    given = [each for pair in small for each in ("--set", pair)]
    run = ("train", "--model", "stylegan2", "--data", "digits", "--run-dir", tmp_path / "run", "--from", path, *given)
    run = (*run, "--set", "ada_kimg=7")
    done = ganbench(*run, "--kimg", "0.016")
    assert done.exit_code == 0, done.stderr
    told = read_header(tmp_path / "run" / "stylegan2.safetensors")["recipe_settings"]
    assert (told["ema_rampup"], told["ada_kimg"]) == (None, 7)
    assert "start from a.pkl" in done.stderr
    path.unlink()
    same = [part for part in run if part not in ("--from", path)]
    done = ganbench(*same, "--kimg", "0.032", "--resume")
    assert done.exit_code == 0, done.stderr
    assert read_header(tmp_path / "run" / "stylegan2.safetensors")["recipe_settings"] == {**told, "kimg": 0.032}
    said = complaint(*same, "--from", tmp_path / "none.pkl", "--run-dir", tmp_path / "other")
    assert "none.pkl" in said
