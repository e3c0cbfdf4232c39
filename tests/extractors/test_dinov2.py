"""DINOv2 from files of the three layouts that its weights come in, against a plain transformer and two packages."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torchvision.transforms as T
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from ganbench.checkpoints import file_sha256
from ganbench.errors import BadInputError, MissingWeightsError
from ganbench.extractors.dinov2 import resampled
from ganbench.extractors.opening import open_extractor
from ganbench.testing import check_extractor
from ganbench.types import Extractor

WIDTH, DEPTH, PATCH, LEARNED = 128, 2, 14, 37  # a DINOv2 of two blocks; all its sizes learned at 518x518


def random(*shape: int, around: float = 0.0, scale: float = 0.1) -> Tensor:
    return torch.randn(shape) * scale + around


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    """Weights by Meta's names, which are timm's."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        found = {
            "cls_token": random(1, 1, WIDTH),
            "mask_token": random(1, WIDTH),
            "pos_embed": random(1, 1 + LEARNED**2, WIDTH, scale=1),
            "patch_embed.proj.weight": random(WIDTH, 3, PATCH, PATCH),
            "patch_embed.proj.bias": random(WIDTH),
            "norm.weight": random(WIDTH, around=1),
            "norm.bias": random(WIDTH),
        }
        for i in range(DEPTH):
            shapes = {"attn.qkv": (3 * WIDTH, WIDTH), "attn.proj": (WIDTH, WIDTH)}
            shapes |= {"mlp.fc1": (4 * WIDTH, WIDTH), "mlp.fc2": (WIDTH, 4 * WIDTH)}
            for name, shape in shapes.items():
                found |= {f"blocks.{i}.{name}.weight": random(*shape), f"blocks.{i}.{name}.bias": random(shape[0])}
            for name in ("norm1", "norm2"):
                found[f"blocks.{i}.{name}.weight"] = random(WIDTH, around=1)
                found[f"blocks.{i}.{name}.bias"] = random(WIDTH)
            found |= {f"blocks.{i}.{name}.gamma": random(WIDTH, around=0.5) for name in ("ls1", "ls2")}
    return found


def images(size: int = 40, count: int = 2) -> Tensor:
    return torch.randint(0, 256, [count, 3, size, size], dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def prepared(given: Tensor) -> Tensor:
    """Prepare images as dgm-eval does."""
    steps = [T.Resize((224, 224), T.InterpolationMode.BICUBIC), T.ToTensor()]
    steps += [T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]
    return torch.stack([T.Compose(steps)(Image.fromarray(one.permute(1, 2, 0).numpy())) for one in given])


def keys(x: float) -> float:
    """The cubic kernel with a = -3/4, which PyTorch takes."""
    a, x = -0.75, abs(x)
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * (x**3 - 5 * x**2 + 8 * x - 4) if x < 2 else 0.0


def interpolation(length: int, size: int, scale: float) -> Tensor:
    """Return ``[size, length]`` weights of cubic interpolation at ``(i + 1/2) / scale - 1/2``, edges repeated."""
    weights = np.zeros([size, length])
    for i in range(size):
        position = (i + 0.5) / scale - 0.5
        for j in range(int(np.floor(position)) - 1, int(np.floor(position)) + 3):
            weights[i, min(max(j, 0), length - 1)] += keys(position - j)
    return torch.from_numpy(weights)


def test_positions_are_resampled_by_the_official_scale(state: dict[str, Tensor]) -> None:
    """Which is not the ratio of the sizes: 16.1 / 37."""
    weights = interpolation(LEARNED, 16, 16.1 / LEARNED)
    grid = state["pos_embed"][0, 1:].reshape(LEARNED, LEARNED, WIDTH).double()
    expected = torch.einsum("yi,xj,ijd->yxd", weights, weights, grid).reshape(256, WIDTH)
    found = resampled(state["pos_embed"], 16)
    torch.testing.assert_close(found[0, 1:].double(), expected, rtol=1e-4, atol=1e-4)
    assert torch.equal(found[:, 0], state["pos_embed"][:, 0])
    ratio = interpolation(LEARNED, 16, 16 / LEARNED)
    other = torch.einsum("yi,xj,ijd->yxd", ratio, ratio, grid).reshape(256, WIDTH)
    assert (other - expected).abs().max() > 0.1, "the test can fail"
    assert torch.equal(resampled(found, 16), found)


def plain(state: dict[str, Tensor], x: Tensor) -> Tensor:
    """Return the class token of prepared images, from the equations of a vision transformer."""
    s = {name: value.double() for name, value in state.items()}

    def normal(y: Tensor, name: str) -> Tensor:
        return F.layer_norm(y, (WIDTH,), s[f"{name}.weight"], s[f"{name}.bias"], eps=1e-6)

    def linear(y: Tensor, name: str) -> Tensor:
        return y @ s[f"{name}.weight"].T + s[f"{name}.bias"]

    x = F.conv2d(x.double(), s["patch_embed.proj.weight"], s["patch_embed.proj.bias"], stride=PATCH)
    x = torch.cat([s["cls_token"].expand(len(x), -1, -1), x.flatten(2).transpose(1, 2)], 1)
    x = x + resampled(state["pos_embed"], 16).double()
    for block in (f"blocks.{i}" for i in range(DEPTH)):
        query, key, value = linear(normal(x, f"{block}.norm1"), f"{block}.attn.qkv").chunk(3, -1)
        heads = []
        for head in range(0, WIDTH, 64):
            part = slice(head, head + 64)
            scores = query[..., part] @ key[..., part].transpose(1, 2) / 64**0.5
            heads.append(scores.softmax(-1) @ value[..., part])
        x = x + s[f"{block}.ls1.gamma"] * linear(torch.cat(heads, -1), f"{block}.attn.proj")
        hidden = F.gelu(linear(normal(x, f"{block}.norm2"), f"{block}.mlp.fc1"))
        x = x + s[f"{block}.ls2.gamma"] * linear(hidden, f"{block}.mlp.fc2")
    return normal(x, "norm")[:, 0]


def as_transformers(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights by the names of the package transformers, written out."""
    found = {
        "embeddings.cls_token": state["cls_token"],
        "embeddings.mask_token": state["mask_token"],
        "embeddings.position_embeddings": state["pos_embed"],
        "embeddings.patch_embeddings.projection.weight": state["patch_embed.proj.weight"],
        "embeddings.patch_embeddings.projection.bias": state["patch_embed.proj.bias"],
        "layernorm.weight": state["norm.weight"],
        "layernorm.bias": state["norm.bias"],
    }
    for i in range(DEPTH):
        old, new = f"blocks.{i}", f"encoder.layer.{i}"
        for part in ("weight", "bias"):
            halves = state[f"{old}.attn.qkv.{part}"].chunk(3)
            for name, value in zip(("query", "key", "value"), halves, strict=True):
                found[f"{new}.attention.attention.{name}.{part}"] = value.clone()
            found[f"{new}.attention.output.dense.{part}"] = state[f"{old}.attn.proj.{part}"]
            for name in ("norm1", "norm2", "mlp.fc1", "mlp.fc2"):
                found[f"{new}.{name}.{part}"] = state[f"{old}.{name}.{part}"]
        for j in (1, 2):
            found[f"{new}.layer_scale{j}.lambda1"] = state[f"{old}.ls{j}.gamma"]
    return found


def opened(path: Path) -> Extractor:
    pytest.importorskip("timm", reason="the extra vit (timm) is not installed")
    return open_extractor(f"dinov2:{path}")


def close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found.double(), expected.double(), rtol=1e-4, atol=1e-4 * expected.abs().max().item())


def test_features_are_the_class_token_of_a_plain_transformer(state: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(state, tmp_path / "dinov2_vitx14_pretrain.pth")
    save_file(as_transformers(state), tmp_path / "model.safetensors")
    expected = plain(state, prepared(images()))
    for file in ("dinov2_vitx14_pretrain.pth", "model.safetensors"):
        found = opened(tmp_path / file)
        assert (found.name, found.sha256) == (f"dinov2:{file}", file_sha256(tmp_path / file))
        close(found(images())["features"], expected)
    assert expected.std() > 0.1
    check_extractor(found)


def test_features_are_those_of_the_package_transformers(state: dict[str, Tensor], tmp_path: Path) -> None:
    package = pytest.importorskip("transformers", reason="transformers is not installed")
    config = package.Dinov2Config(
        hidden_size=WIDTH, num_hidden_layers=DEPTH, num_attention_heads=WIDTH // 64, image_size=224, patch_size=PATCH
    )
    folder = tmp_path / "hub"  # in the layout of the hub, whose names differ from those in memory
    config.save_pretrained(folder)
    theirs = as_transformers({**state, "pos_embed": resampled(state["pos_embed"], 16)})
    save_file(theirs, folder / "model.safetensors", {"format": "pt"})
    network = package.Dinov2Model.from_pretrained(folder).eval()
    save_file(as_transformers(state), tmp_path / "model.safetensors")
    expected = network(prepared(images())).last_hidden_state[:, 0].detach()
    close(opened(tmp_path / "model.safetensors")(images())["features"], expected)


def test_other_weights_are_refused_in_one_sentence(state: dict[str, Tensor], tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    wrong = {
        "found no 'cls_token' of 3 axes": {"weight": torch.ones(3)},
        "found no 'pos_embed' of 3 axes": {**state, "pos_embed": torch.tensor(1.0)},
        "patches of 14 pixels and 1368 positions": {**state, "pos_embed": state["pos_embed"][:, 1:]},
        "patches of 600 pixels": {**state, "patch_embed.proj.weight": torch.ones(WIDTH, 3, 1, 600)},
        "found register tokens": {**state, "register_tokens": torch.ones(1, 4, WIDTH)},
        "found none called 'blocks.1.ls2.gamma'": {k: v for k, v in state.items() if k != "blocks.1.ls2.gamma"},
        "'norm.bias' of shape": {**state, "norm.bias": torch.ones(3)},
    }
    for words, tensors in wrong.items():
        torch.save(tensors, path)
        with pytest.raises(BadInputError, match="expected weights of DINOv2") as caught:
            opened(path)
        assert words in str(caught.value)
        assert str(path) in str(caught.value)


def test_without_the_extra_it_says_what_to_install(
    state: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(state, tmp_path / "weights.pth")
    monkeypatch.setitem(sys.modules, "timm.models.vision_transformer", None)
    for name in ("dinov2", "clip"):
        with pytest.raises(MissingWeightsError, match=r"package timm .* pip install 'ganbench\[vit\]'"):
            open_extractor(f"{name}:{tmp_path / 'weights.pth'}")
