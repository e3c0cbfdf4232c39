"""Recipes on the command line: files, ``--set``, and options of the models' official programs."""

import json
from pathlib import Path

import pytest

from baselines.training.weights import read_header
from ganbench.cli.recipes import in_arguments, in_file, in_pairs, parts
from ganbench.errors import BadInputError
from tests.cli.command_line import complaint, ganbench
from tests.data.image_sets import noise, write_folder

TINY = ("--set", "generator.channel_base=64,generator.channel_max=8,discriminator.channel_base=64")
LINE = ("train", "--model", "stylegan2", "--data", "digits", "--device", "cpu", "--kimg", "0.016")


def settings_after(folder: Path, *arguments: str, model: str = "stylegan2") -> dict[str, object]:
    """Return the settings in the weights of a short run."""
    line = [model if word == "stylegan2" else word for word in LINE]
    done = ganbench(*line, "--run-dir", folder, *arguments)
    assert done.exit_code == 0, done.stderr
    found: dict[str, object] = read_header(folder / f"{model}.safetensors")["recipe_settings"]
    return found


def test_pairs_are_split_at_commas_outside_of_brackets_and_quotes() -> None:
    assert list(parts('a=1,b=[1,2],c={"8": 1, "x": "y,z"},d="p,q"')) == [
        "a=1", "b=[1,2]", 'c={"8": 1, "x": "y,z"}', 'd="p,q"'
    ]  # fmt: skip
    found = in_pairs(["a=1, b=[0,0.99],c=bgc", "mirror=True,x.y=None"])
    assert [(each.name, each.value) for each in found] == [
        ("a", 1), ("b", [0, 0.99]), ("c", "bgc"), ("mirror", True), ("x.y", None)
    ]  # fmt: skip
    assert found[0].shown == "--set a"


def test_arguments_are_options_with_values_or_flags() -> None:
    found = in_arguments(["--gamma", "2", "--p=0.5", "--no_flip", "--shift", "-1", "--netG", "unet_256"])
    assert [(each.name, each.value) for each in found] == [
        ("gamma", 2), ("p", 0.5), ("no_flip", True), ("shift", -1), ("netG", "unet_256")
    ]  # fmt: skip
    for wrong in (["2"], ["--gamma", "2", "3"], ["-x"], ["--"]):
        with pytest.raises(BadInputError, match="expected options such as --gamma 2, found"):
            in_arguments(wrong)


def test_options_of_the_official_program_are_options_here(tmp_path: Path) -> None:
    made = settings_after(tmp_path, *TINY, "--gamma", "2", "--mirror", "1", "--snap=10", "--aug", "noaug")
    assert (made["r1_gamma"], made["mirror"], made["snapshot_ticks"], made["augment"]) == (2, True, 10, "")


def test_a_file_changes_its_base_and_options_change_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'base = "digits32"\ngamma = 3\nbetas = [0, 0.9]\nbatch = 8\n\n[generator]\nchannel_base = 64\nchannel_max = 8\n'
        "[generator.mapping_kwargs]\nnum_layers = 1\n"
    )
    made = settings_after(tmp_path / "run", "--recipe", str(path), "--batch", "4")
    assert (made["r1_gamma"], made["betas"], made["batch"], made["g_lr"]) == (3, [0, 0.9], 4, 0.002)
    generator = made["generator"]
    assert isinstance(generator, dict)
    assert (generator["channel_base"], generator["mapping_kwargs"], generator["z_dim"]) == (64, {"num_layers": 1}, 64)
    assert read_header(tmp_path / "run" / "stylegan2.safetensors")["recipe"] == "mine"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected settings in mine.toml, found none"),
        ("# nothing\n", "expected settings in mine.toml, found none"),
        ("batch = 8\nr1_gamma = = 2\n", "expected TOML in mine.toml, found an error (Invalid value (at line 2, column"),
        ("batch = 8\nbatch = 9\n", "at line 2"),
        ("[generator\n", "at line 1"),
        ("base = 3\n", "expected the name of a recipe as base in mine.toml, found 3"),
        ('base = "digit32"\n', "did you mean digits32"),
        ("r1_gama = 2\n", "unknown setting r1_gama: did you mean r1_gamma?"),
        ("r1_gamma = 2\ngamma = 3\n", "found 2 by r1_gamma in mine.toml and 3 by gamma in"),
        ('batch = "many"\n', "expected the setting batch to be a whole number from 1 to 65,536, found 'many'"),
        ("batch = 0\n", "from 1 to 65,536, found 0"),
        ("batch = 1979-05-27\n", "expected the setting batch to be a whole number"),
        ("r1_gamma = nan\n", "expected the setting r1_gamma to be a number from 0 to 1e+12, found nan."),
        (f"batch = 0x1{'0' * 5000}\n", "expected the setting batch to be a number from 1 to 65,536, found a number of"),
        (f"batch = 1{'0' * 5000}\n", "expected TOML in mine.toml, found an error"),
        ("[generator]\nz_dim = 0.5\n", "expected the setting generator.z_dim to be a whole number from 1 to"),
        ('base = "digits32"\n[generator]\nchanel_base = 64\n', "did you mean channel_base?"),
        ("generator = 3\n", "expected the setting generator to be a table of values by name, found 3"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(text)
    assert words in complaint(*LINE, "--recipe", "mine.toml", "--run-dir", "run")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert "cannot be read (No such file or directory)" in complaint(*LINE, "--recipe", tmp_path / "no.toml")
    (tmp_path / "folder.toml").mkdir()
    assert "cannot be read (Is a directory)" in complaint(*LINE, "--recipe", tmp_path / "folder.toml")
    (tmp_path / "latin.toml").write_bytes(b'augment = "\xe9"\n')
    assert "expected TOML in" in complaint(*LINE, "--recipe", tmp_path / "latin.toml")
    (tmp_path / "deep.toml").write_text("a = " + "[" * 100000)
    assert "expected TOML in" in complaint(*LINE, "--recipe", tmp_path / "deep.toml")
    assert in_file_of(tmp_path, 'base = "x"\n[a]\nb = 1\n[a.c]\nd = [2]\n[e]\n') == (
        "x",
        {"a.b": 1, "a.c.d": [2], "e": {}},
    )


def in_file_of(folder: Path, text: str) -> tuple[str | None, dict[str, object]]:
    (folder / "x.toml").write_text(text)
    base, changes = in_file(folder / "x.toml")
    return base, {change.name: change.value for change in changes}


def test_contradictions_are_told(tmp_path: Path) -> None:
    run = (*LINE, "--run-dir", tmp_path / "run")
    for more in (
        ("--gamma", "2", "--set", "r1_gamma=3"),
        ("--set", "gamma=2,r1_gamma=3"),
        ("--gamma", "2", "--gamma", "3"),
    ):
        assert "expected one value of r1_gamma, found" in complaint(*run, *more)
    assert "expected one value of kimg" in complaint(*run, "--set", "kimg=3")
    assert "expected one of --recipe and --cfg, found two" in complaint(
        *run, "--recipe", "digits32", "--cfg", "paper256"
    )
    assert "expected no --outdir, which is" in complaint(*run, "--outdir", "x")
    assert not (tmp_path / "run").exists()


def test_settings_of_translators_go_by_their_official_names(tmp_path: Path) -> None:
    run = ("train", "--model", "starganv2", "--data", "digit-domains", "--device", "cpu", "--run-dir", tmp_path)
    done = ganbench(*run, "--total_iters", "1", "--batch_size", "2", "--lambda_cyc", "2", "--max_conv_dim", "16")
    assert done.exit_code == 0, done.stderr
    made = read_header(tmp_path / "starganv2.safetensors")["recipe_settings"]
    assert (made["kimg"], made["batch"], made["lambda_cyc"]) == (0.002, 2, 2)
    assert json.dumps(made)


def test_a_run_says_what_it_was_started_with_and_refuses_to_go_on_otherwise(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    settings_after(folder, *TINY, "--gamma", "2", "--batch", "8")
    told = json.loads((folder / "training_options.json").read_text())
    assert (told["model"], told["recipe"], told["data"], told["seed"]) == ("stylegan2", "digits32", "digits", 0)
    assert (told["recipe_settings"]["r1_gamma"], told["recipe_settings"]["batch"], told["images"]) == (2, 8, 1442)
    header = read_header(folder / "stylegan2.safetensors")
    assert {name: header[name] for name in ("recipe_settings", "data", "config")} == {
        name: told[name] for name in ("recipe_settings", "data", "config")
    }
    again = (*LINE[:-1], "0.032", "--run-dir", folder, "--resume", *TINY, "--gamma", "2")
    assert f"expected batch 8 as in the snapshot in {folder}, found 4: resume" in complaint(*again, "--batch", "4")
    assert "expected batch 8, mirror False as in the snapshot" in complaint(*again, "--batch", "4", "--mirror", "1")
    other = [*again, "--batch", "8"]
    other[other.index("digits")] = "digits:test"
    assert f"expected the data set that the run in {folder} was started with, digits, found another, digits:test" in (
        complaint(*other, "--recipe", "digits32")
    )
    assert ganbench(*again, "--batch", "8").exit_code == 0
    assert json.loads((folder / "training_options.json").read_text())["recipe_settings"]["kimg"] == 0.032


def test_a_run_is_repeated_from_its_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings_after(Path("first"), *TINY, "--gamma", "2", "--seed", "7", "--conditional", "--batch", "8")
    settings_after(Path("again"), "--recipe", "first/training_options.json")
    assert Path("again/stylegan2.safetensors").read_bytes() == Path("first/stylegan2.safetensors").read_bytes()
    more = ("--from", "first", "--set", "batch_gpu=4,keep=1,ada_kimg=7")
    settings_after(Path("on"), *TINY, "--conditional", "--batch", "8", *more)
    settings_after(Path("on-again"), "--recipe", "on/training_options.json")
    for name in ("stylegan2.safetensors", "training_options.json"):
        assert Path("on-again", name).read_bytes() == Path("on", name).read_bytes()
    resumed = (*LINE[:-1], "0.024", "--recipe", "on/training_options.json", "--run-dir", "on", "--resume")
    assert ganbench(*resumed).exit_code == 0
    told = json.loads(Path("on/training_options.json").read_text())
    assert (told["given"], told["transfer"]["source"]) == ({"start": "first", "keep": 1}, "first")
    Path("first").rename("elsewhere")
    gone = (*LINE, "--recipe", "on/training_options.json", "--run-dir", "other")
    assert "expected weights to start from, found none at first: check" in complaint(*gone)
    line = [word if word != "stylegan2" else "stylegan3" for word in LINE]
    assert "expected a run of stylegan3, found one of 'stylegan2'" in complaint(
        *line, "--recipe", "again/training_options.json", "--run-dir", "other"
    )
    for text in ("{}", "{", "[" * 10000, "[1]"):
        Path("x.json").write_text(text)
        assert "expected the options of a run, found other content in x.json" in complaint(*LINE, "--recipe", "x.json")


def test_what_an_adapter_was_told_is_repeated_too(tmp_path: Path) -> None:
    names = [f"{split}/{domain}/0.png" for split in ("train", "val") for domain in "ab"]
    data = write_folder(tmp_path / "data", noise(4, 16), names)
    line = ("train", "--model", "starganv2", "--data", data, "--device", "cpu", "--run-dir")
    tiny = ("--total_iters", "1", "--batch_size", "2", "--max_conv_dim", "8", "--bottleneck", "8", "--img_size", "8")
    assert ganbench(*line, tmp_path / "one", "--recipe", "digits32", *tiny).exit_code == 0
    recipe = ("--recipe", tmp_path / "one" / "training_options.json")
    assert ganbench(*line, tmp_path / "two", *recipe).exit_code == 0
    options = [json.loads((tmp_path / run / "training_options.json").read_text()) for run in ("one", "two")]
    assert options[0] == options[1]
    assert options[0]["config"]["generator"]["img_size"] == 8
    again = ganbench(*line, tmp_path / "three", *recipe, "--img_size", "16")
    assert again.exit_code == 0
    assert read_header(tmp_path / "three" / "starganv2.safetensors")["config"]["generator"]["img_size"] == 16
