"""The networks and distances of StarGAN v2's evaluation against the official code, on weights made by a recipe."""

import hashlib
import json
from collections.abc import Iterable, Sequence

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ganbench.extractors import inception_torchvision, lpips, vgg16
from ganbench.extractors.network import read_weights
from ganbench.functional import frechet_distance, mean_pairwise_distance, moments
from ganbench.images import resize, to_uint8
from tests.golden_cases import facts, golden


def made_by_recipe(seed: int, keys: Iterable[tuple[str, Sequence[int]]], sha256: str) -> dict[str, Tensor]:
    """Return the weights that a case describes in words, after checking their checksum."""
    rng, digest, weights = np.random.RandomState(seed), hashlib.sha256(), {}
    for key, shape in keys:
        if key.endswith("num_batches_tracked"):
            continue
        u = rng.random_sample(int(np.prod(shape)))
        value = (2 * u - 1) * 0.2
        if len(shape) > 1:
            value = (2 * u - 1) * np.sqrt(6 / np.prod(shape[1:]))
        elif key.endswith("running_var"):
            value = 0.5 + u
        elif key.endswith("weight"):
            value = 0.8 + 0.4 * u
        weights[key] = torch.from_numpy(value.astype(np.float32).reshape(shape))
        digest.update(weights[key].numpy().astype("<f4").tobytes())
    assert digest.hexdigest() == sha256
    return weights


@pytest.fixture(scope="module")
def alexnet() -> lpips.LpipsExtractor:
    """``lpips-alex-stargan`` with the case's trunk and the learned weights that ship with the lpips package."""
    trunk = facts(golden("stargan2/lpips_alexnet"))["trunk"]
    state = made_by_recipe(trunk["seed"], trunk["keys_of_features"], trunk["weights_sha256"])
    learned = read_weights(lpips._linear_path("alex.pth"))
    module = lpips.Backbone(lpips.ALEXNET)
    module.load_state_dict(
        {f"features.{key}": value for key, value in state.items()}
        | {f"weights.{i}": learned[f"lin{i}.model.1.weight"].flatten() for i in range(5)}
    )
    return lpips.LpipsExtractor("lpips-alex-stargan", "", module, lpips.ALEXNET.smallest, "inside")


def test_lpips_of_all_pairs_of_outputs(alexnet: lpips.LpipsExtractor) -> None:
    case = golden("stargan2/lpips_alexnet")
    stored = np.load(case / "io.npz")
    images = torch.from_numpy(stored["images"])
    embedded = torch.stack([alexnet.embed((outputs + 1) * 127.5) for outputs in images])
    for i, j in zip(*np.triu_indices(len(images), 1), strict=True):
        found = (embedded[i] - embedded[j]).square().sum(1)
        np.testing.assert_allclose(found.numpy(), stored["per_image"][i, j], rtol=1e-4)
    assert mean_pairwise_distance(embedded).mean().item() == pytest.approx(facts(case)["lpips"], rel=1e-4)


def test_the_feature_maps_are_those_after_the_five_relus(alexnet: lpips.LpipsExtractor) -> None:
    stored = np.load(golden("stargan2/lpips_alexnet") / "io.npz")
    layers = alexnet.module(vgg16.normalised((torch.from_numpy(stored["images"][0]) + 1) * 127.5))
    np.testing.assert_allclose(layers[4][0].numpy(), stored["fmap4_first"], rtol=1e-4, atol=1e-5)
    for layer, (mean, _) in zip(layers, stored["fmap_means"], strict=True):
        assert layer.mean().item() == pytest.approx(mean, rel=1e-4)


def test_inception_features_of_two_images() -> None:
    case = golden("stargan2/inception_trunk")
    trunk = facts(case)["trunk"]
    state = made_by_recipe(trunk["seed"], json.loads((case / "keys.json").read_text()), trunk["weights_sha256"])
    module = inception_torchvision.trunk().to_empty(device="cpu")
    module.load_state_dict(state, strict=False)
    extractor = inception_torchvision.InceptionTorchvisionExtractor("inception-torchvision", "", module)
    pixels = [np.array(Image.open(path).convert("RGB")) for path in sorted((case / "images").iterdir())]
    images = torch.cat([resize(torch.from_numpy(p).permute(2, 0, 1)[None], 64, "pil-bilinear") for p in pixels])
    stored = np.load(case / "io.npz")
    seen = vgg16.normalised(extractor.prepared(resize(images, 299, "pil-bilinear")))
    np.testing.assert_allclose(seen[:, :, ::4, ::4].numpy(), stored["x_stride4"], rtol=0, atol=1e-5)
    found, expected = extractor(images)["features"].numpy(), stored["features"]
    assert np.abs(found - expected).max() <= 1e-3 * np.abs(expected).max()
    assert found.mean() == pytest.approx(expected.mean(), rel=1e-5)


@pytest.mark.parametrize("name", ["full_rank", "rank_deficient", "d2048_like"])
def test_frechet_distance_of_stored_features(name: str) -> None:
    case = golden("stargan2/frechet")
    stored, expected = np.load(case / "features.npz"), facts(case)["results"][name]
    a, b = (moments(stored[f"{name}_{which}"], ddof=1) for which in "ab")
    rank_deficient = name != "full_rank"
    found = frechet_distance(*a, *b)
    assert found == pytest.approx(expected["float64_features"], rel=1e-3 if rank_deficient else 1e-9)
    assert found == pytest.approx(expected["float32_features_official"], rel=1e-3 if rank_deficient else 1e-5)


def test_images_are_saved_as_the_quantiser_of_that_name_has_them() -> None:
    stored = np.load(golden("stargan2/save_image") / "io.npz")
    found = to_uint8(torch.from_numpy(stored["x"])[None], "starganv2")[0].permute(1, 2, 0)
    np.testing.assert_array_equal(found.numpy(), stored["u8"])
