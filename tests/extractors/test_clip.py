"""CLIP's image embeddings from files of both layouts, against OpenAI's package and the package transformers."""

import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision.transforms as T
from PIL import Image
from torch import Tensor

from ganbench.checkpoints import file_sha256
from ganbench.errors import BadInputError, MissingWeightsError
from ganbench.extractors.clip import FOLDER, SHA256
from ganbench.extractors.opening import open_extractor
from ganbench.testing import check_extractor
from ganbench.types import Extractor

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
        assert found.layers == {"features": OUT, "unit": OUT}
        rows = found(images())
        close(rows["features"], expected)
        close(rows["unit"], expected / expected.norm(dim=1, keepdim=True))
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
    torch.save({"visual.proj": torch.ones(4, 4), "conv.weight": torch.ones(3)}, tmp_path / "other.pt")
    with pytest.raises(BadInputError, match="expected weights of CLIP, found none called 'cls_token' in"):
        opened(tmp_path / "other.pt")


def test_published_weights_have_their_checksum_in_their_address(offline: Path) -> None:
    for name, file in (("clip", "ViT-B-32.pt"), ("clip-l14-336", "ViT-L-14-336px.pt")):
        with pytest.raises(MissingWeightsError) as caught:
            open_extractor(name)
        assert f"{FOLDER}/{SHA256[file]}/{file} (sha256 {SHA256[file]})" in str(caught.value)
        assert str(offline) in str(caught.value)
