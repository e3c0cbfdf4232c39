"""CLIP's image embeddings from files of both layouts, against OpenAI's package and the package transformers."""

import inspect
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torchvision.transforms as T
from PIL import Image
from safetensors.torch import save_file
from scipy.linalg import sqrtm
from torch import Tensor

import ganbench
from ganbench.checkpoints import file_sha256
from ganbench.errors import BadInputError, MissingWeightsError
from ganbench.extractors.clip import FOLDER, SHA256
from ganbench.extractors.opening import open_extractor
from ganbench.testing import check_extractor
from ganbench.types import Extractor
from tests.data.image_sets import noise, write_folder

MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
WIDTH, DEPTH, PATCH, SIZE, OUT = 128, 2, 32, 96, 24


def images(size: int = 50) -> Tensor:
    return torch.randint(0, 256, [2, 3, size, size], dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def prepared(given: Tensor) -> Tensor:
    """Prepare images as clean-fid does for CLIP."""
    steps = [
        T.Resize(SIZE, T.InterpolationMode.BICUBIC),
        T.CenterCrop(SIZE),
        T.ToTensor(),
        T.Normalize(MEAN, DEVIATION),
    ]
    return torch.stack([T.Compose(steps)(Image.fromarray(one.permute(1, 2, 0).numpy())) for one in given])


def randomised(network: Any) -> Any:
    """Return a network with weights of such a size that every layer matters."""
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if value.is_floating_point() and value.ndim:
                around = 1.0 if "ln_" in name or "norm" in name else 0.0
                value.normal_(0, 0.1, generator=random)
                value += around if name.endswith("weight") else 0
    return network.float().eval().requires_grad_(False)


def opened(path: Path, name: str = "clip") -> Extractor:
    pytest.importorskip("timm", reason="the extra vit (timm) is not installed")
    return open_extractor(f"{name}:{path}")


def close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item())


def weights(size: int = SIZE) -> dict[str, Tensor]:
    """Return random weights of the image half, by OpenAI's names, for images of a size."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        found = {
            "class_embedding": torch.randn(WIDTH),
            "positional_embedding": torch.randn(1 + (size // PATCH) ** 2, WIDTH),
            "proj": torch.randn(WIDTH, OUT) * 0.1,
            "conv1.weight": torch.randn(WIDTH, 3, PATCH, PATCH) * 0.02,
        }
        blocks = [f"transformer.resblocks.{i}." for i in range(DEPTH)]
        for name in ("ln_pre", "ln_post", *(f"{block}ln_{i}" for block in blocks for i in (1, 2))):
            found |= {f"{name}.weight": 1 + torch.randn(WIDTH) * 0.1, f"{name}.bias": torch.randn(WIDTH) * 0.1}
        for block in blocks:
            found[f"{block}attn.in_proj_weight"] = torch.randn(3 * WIDTH, WIDTH) * 0.1
            found[f"{block}attn.in_proj_bias"] = torch.randn(3 * WIDTH) * 0.1
            for name, (outputs, inputs) in {"attn.out_proj": (1, 1), "mlp.c_fc": (4, 1), "mlp.c_proj": (1, 4)}.items():
                found[f"{block}{name}.weight"] = torch.randn(outputs * WIDTH, inputs * WIDTH) * 0.1
                found[f"{block}{name}.bias"] = torch.randn(outputs * WIDTH) * 0.1
    return {f"visual.{name}": value for name, value in found.items()} | {"text_projection": torch.ones(2, 2)}


def plain(state: dict[str, Tensor], x: Tensor) -> Tensor:
    """Return the embedding of prepared images, from the equations of CLIP's vision transformer."""
    s = {name.removeprefix("visual."): value.double() for name, value in state.items()}

    def normal(y: Tensor, name: str) -> Tensor:
        return F.layer_norm(y, (WIDTH,), s[f"{name}.weight"], s[f"{name}.bias"], eps=1e-5)

    x = F.conv2d(x.double(), s["conv1.weight"], stride=PATCH).flatten(2).transpose(1, 2)
    x = torch.cat([s["class_embedding"].expand(len(x), 1, -1), x], 1) + s["positional_embedding"]
    x = normal(x, "ln_pre")
    for block in (f"transformer.resblocks.{i}" for i in range(DEPTH)):
        joint = normal(x, f"{block}.ln_1") @ s[f"{block}.attn.in_proj_weight"].T + s[f"{block}.attn.in_proj_bias"]
        query, key, value = (part.unflatten(-1, (-1, 64)).transpose(1, 2) for part in joint.chunk(3, -1))
        seen = (query @ key.transpose(-1, -2) / 8).softmax(-1) @ value
        x = (
            x
            + seen.transpose(1, 2).flatten(2) @ s[f"{block}.attn.out_proj.weight"].T
            + s[f"{block}.attn.out_proj.bias"]
        )
        hidden = normal(x, f"{block}.ln_2") @ s[f"{block}.mlp.c_fc.weight"].T + s[f"{block}.mlp.c_fc.bias"]
        hidden = hidden * torch.sigmoid(1.702 * hidden)
        x = x + hidden @ s[f"{block}.mlp.c_proj.weight"].T + s[f"{block}.mlp.c_proj.bias"]
    return normal(x[:, 0], "ln_post") @ s["proj"]


def test_embeddings_are_those_of_a_plain_transformer(tmp_path: Path) -> None:
    state = weights()
    torch.save({name: value.half() for name, value in state.items()}, tmp_path / "half.pt")
    save_file(state, tmp_path / "whole.safetensors")
    halved = {name: value.half().float() for name, value in state.items()}
    for file, used in (("half.pt", halved), ("whole.safetensors", state)):
        expected = plain(used, prepared(images())).float()
        found = opened(tmp_path / file)
        close(found(images())["features"], expected)
        assert expected.std() > 0.1
    assert found.input_size == SIZE  # type: ignore[attr-defined]  # it resizes
    check_extractor(found)


@pytest.mark.skipif("disp" not in inspect.signature(sqrtm).parameters, reason="SciPy is too new for clean-fid")
def test_clip_fd_is_the_number_of_clean_fid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its ``compute_fid`` from two folders to the number, on a plain transformer in place of the package ``clip``."""
    pytest.importorskip("timm", reason="the extra vit (timm) is not installed")
    state = weights(224)
    save_file(state, tmp_path / "clip.safetensors")
    network = SimpleNamespace(eval=lambda: None, encode_image=lambda x: plain(state, x).float())
    monkeypatch.setitem(sys.modules, "clip", SimpleNamespace(load=lambda name, device: (network, None)))
    sets = {"a": noise(40, 40), "b": noise(41, 40)[:40] // 3 * 2}
    folders = [write_folder(tmp_path / name, images) for name, images in sets.items()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is of 2022
        package = pytest.importorskip("cleanfid.fid", reason="clean-fid is not installed")
        theirs = package.compute_fid(
            *map(str, folders), model_name="clip_vit_b_32", num_workers=0, device=torch.device("cpu"), verbose=False
        )
    (record,) = ganbench.run(
        f"images:{folders[0]}",
        "fid",
        data=folders[1],
        extractor=f"clip:{tmp_path / 'clip.safetensors'}",
        benchmark="cleanfid",
        limit=40,
        device="cpu",
        results_dir=tmp_path,
    )
    (result,) = record.results
    assert result.spec["ddof"] == 1
    assert "resize" not in result.spec, "clean-fid's resize is Inception's alone"
    assert theirs > 0.1
    assert result.value == pytest.approx(theirs, rel=1e-4)


def openai() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is of 2022
        module = pytest.importorskip("clip.model", reason="openai-clip is not installed")
        return randomised(module.CLIP(OUT, SIZE, DEPTH, WIDTH, PATCH, 8, 100, 16, 2, 1))


def test_embeddings_are_those_of_openais_package(tmp_path: Path) -> None:
    network = openai()
    expected = network.encode_image(prepared(images()))
    assert expected.std() > 0.1
    torch.save(network.state_dict(), tmp_path / "state.pt")
    with warnings.catch_warnings():  # OpenAI's files are TorchScript archives
        warnings.simplefilter("ignore")
        torch.jit.trace_module(network, {"encode_image": torch.zeros(1, 3, SIZE, SIZE)}, check_trace=False).save(
            str(tmp_path / "ViT-B-32.pt")
        )
    for file in ("state.pt", "ViT-B-32.pt"):
        found = opened(tmp_path / file)
        assert (found.name, found.sha256) == (f"clip:{file}", file_sha256(tmp_path / file))
        assert found.layers == {"features": OUT}
        close(found(images())["features"], expected)
    check_extractor(found)


def test_embeddings_are_those_of_the_package_transformers(tmp_path: Path) -> None:
    package = pytest.importorskip("transformers", reason="transformers is not installed")
    sizes = {"hidden_size": WIDTH, "intermediate_size": 4 * WIDTH, "num_hidden_layers": DEPTH}
    vision = {**sizes, "num_attention_heads": WIDTH // 64, "image_size": SIZE, "patch_size": PATCH}
    config = package.CLIPConfig(
        text_config={**sizes, "num_attention_heads": 2, "vocab_size": 50}, vision_config=vision, projection_dim=OUT
    )
    network = randomised(package.CLIPModel(config))
    torch.save(network.state_dict(), tmp_path / "pytorch_model.bin")
    pooled = network.vision_model(prepared(images())).pooler_output
    expected = network.visual_projection(pooled)
    close(opened(tmp_path / "pytorch_model.bin", "clip-l14-336")(images())["features"], expected)


def test_other_weights_are_refused_in_one_sentence(tmp_path: Path) -> None:
    state, path = weights(), tmp_path / "other.pt"
    wrong = {
        "found no 'cls_token' of 3 axes": {"visual.proj": torch.ones(4, 4), "conv.weight": torch.ones(3)},
        "found no 'head.weight' of 2 axes": {name: it for name, it in state.items() if name != "visual.proj"},
        "found none called 'blocks.1.norm2.bias'": {name: it for name, it in state.items() if "1.ln_2.b" not in name},
    }
    for words, tensors in wrong.items():
        torch.save(tensors, path)
        with pytest.raises(BadInputError, match=f"expected weights of CLIP, {words}") as caught:
            opened(path)
        assert str(path) in str(caught.value)


def test_published_weights_have_their_checksum_in_their_address(offline: Path) -> None:
    for name, file in (("clip", "ViT-B-32.pt"), ("clip-l14-336", "ViT-L-14-336px.pt")):
        with pytest.raises(MissingWeightsError) as caught:
            open_extractor(name)
        assert f"{FOLDER}/{SHA256[file]}/{file} (sha256 {SHA256[file]})" in str(caught.value)
        assert str(offline) in str(caught.value)
