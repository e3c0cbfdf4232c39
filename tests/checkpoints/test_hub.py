"""Weights from the Hugging Face hub and from a folder of one's own, without a network."""

import hashlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

import baselines.stylegan3
import ganbench
from ganbench.checkpoints.converting import convert
from ganbench.checkpoints.download import fetch, fetch_weights, local, where_is, without_fetching
from ganbench.checkpoints.hub import HubFile, download, is_hub, parsed
from ganbench.errors import BadInputError, MissingWeightsError
from ganbench.extractors.weights import own_file
from ganbench.models.base import open_model
from ganbench.types import WeightsFile

EMBEDDED = Path(baselines.stylegan3.__path__[0]) / "weights" / "digits32.safetensors"
CONTENT = b"weights"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
Call = tuple[str, str, str | None, bool]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """A hub that has the embedded generator at any address; what it was asked for."""
    asked: list[Call] = []

    def hf_hub_download(repo: str, file: str, *, revision: str | None, local_files_only: bool) -> str:
        asked.append((repo, file, revision, local_files_only))
        return str(EMBEDDED)

    module = ModuleType("huggingface_hub")
    vars(module)["hf_hub_download"] = hf_hub_download
    monkeypatch.setitem(sys.modules, "huggingface_hub", module)
    return asked


@pytest.mark.parametrize(
    ("address", "file"),
    [
        ("hf://me/gan/G.pkl", HubFile("me/gan", None, "G.pkl")),
        ("hf:/me/gan/G.pkl", HubFile("me/gan", None, "G.pkl")),
        ("hf://me/gan@v1.0/a/b/G.pkl", HubFile("me/gan", "v1.0", "a/b/G.pkl")),
    ],
)
def test_an_address_has_a_repository_a_revision_and_a_file(address: str, file: HubFile) -> None:
    assert parsed(address) == file
    assert is_hub(address)
    assert parsed(Path(address)) == file


@pytest.mark.parametrize("address", ["hf://me", "hf://me/gan", "hf://me/gan/", "hf://me/gan/../../x", "hf://a/b//c"])
def test_an_incomplete_address_is_told(address: str) -> None:
    with pytest.raises(BadInputError, match="expected hf://OWNER/REPO/FILE"):
        fetch(address)


def test_a_model_is_loaded_from_the_hub_and_known_by_its_sha256(hub: list[Call]) -> None:
    loaded = open_model("stylegan3", "hf://me/gan@main/G.safetensors")
    assert hub == [("me/gan", "G.safetensors", "main", False)]
    assert loaded.weights == "hf://me/gan@main/G.safetensors"
    assert loaded.sha256 == hashlib.sha256(EMBEDDED.read_bytes()).hexdigest()


def test_networks_are_loaded_from_the_hub_by_name(hub: list[Call]) -> None:
    (name,) = ganbench.checkpoints.load("hf://me/gan/G.safetensors")
    assert name == "G_ema"
    assert hub == [("me/gan", "G.safetensors", None, False)]


def test_files_of_extractors_and_of_convert_may_be_the_hubs(hub: list[Call], tmp_path: Path) -> None:
    assert own_file("hf://me/gan/pt_inception.pth", "inception") == EMBEDDED
    convert("hf://me/gan/G.safetensors", tmp_path / "G.safetensors")
    convert(Path("hf://me/gan@v1/G.safetensors"), tmp_path / "G.safetensors")
    assert [(file, revision) for _, file, revision, _ in hub] == [
        ("pt_inception.pth", None),
        ("G.safetensors", None),
        ("G.safetensors", "v1"),
    ]


def test_planning_looks_only_into_the_hubs_cache(hub: list[Call]) -> None:
    with without_fetching():
        fetch("hf://me/gan/G.pkl")
    assert hub[0][3]


def test_another_checksum_is_refused(hub: list[Call]) -> None:
    with pytest.raises(MissingWeightsError, match=f"expected hf://me/gan/G.pkl with sha256 {SHA256}, found"):
        fetch("hf://me/gan/G.pkl", SHA256)


def test_without_the_package_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingWeightsError, match=r"pip install 'ganbench\[hub\]'"):
        download("hf://me/gan/G.pkl")


def test_a_closed_network_is_one_sentence(hub: list[Call], monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*args: object, **options: object) -> str:
        raise RuntimeError("We couldn't\nconnect.")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", closed)
    with pytest.raises(
        MissingWeightsError,
        match=r"cannot be fetched \(We couldn't connect\).*it at me/gan/G.pkl in the folder that GANBENCH",
    ):
        fetch("hf://me/gan/G.pkl")


def test_ones_own_folder_is_looked_at_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "G.pkl"
    path.write_bytes(CONTENT)
    monkeypatch.setenv("GANBENCH_WEIGHTS", str(tmp_path))
    told: list[str] = []
    assert fetch("https://example.com/G.pkl", SHA256, say=told.append) == path
    assert where_is(WeightsFile("https://example.com/G.pkl")) == path
    assert told == []


def test_files_of_the_hub_lie_in_ones_own_folder_by_their_address(
    hub: list[Call], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("me/gan/a/G.pkl", "me/gan@v1/a/G.pkl"):
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / place).write_bytes(CONTENT)
        monkeypatch.setenv("GANBENCH_WEIGHTS", str(tmp_path))
        assert local(f"hf://{place}") == where_is(WeightsFile(f"hf://{place}")) == tmp_path / place
    assert hub == []
    assert local("hf://another/gan/a/G.pkl") == EMBEDDED


def test_another_file_in_ones_own_folder_is_told_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "G.pkl").write_bytes(b"other")
    monkeypatch.setenv("GANBENCH_WEIGHTS", str(tmp_path))
    told: list[str] = []
    with without_fetching(), pytest.raises(MissingWeightsError, match="not on this machine"):
        fetch("https://example.com/G.pkl", SHA256, say=told.append)
    assert "searching elsewhere" in told[0]
    assert (tmp_path / "G.pkl").read_bytes() == b"other"


def test_a_folder_that_is_not_there_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANBENCH_WEIGHTS", str(tmp_path / "nowhere"))
    with without_fetching(), pytest.raises(MissingWeightsError, match="GANBENCH_WEIGHTS"):
        fetch_weights(WeightsFile("https://example.com/G.pkl"))
