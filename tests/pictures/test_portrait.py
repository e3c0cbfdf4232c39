"""The pictures of a report: which ones a model allows, what they show, and why there are none."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ganbench import load_model
from ganbench.data import open_data
from ganbench.extractors.opening import open_extractor
from ganbench.models.base import open_model
from ganbench.pictures import Sampler, Translations, of_generators, of_translators, open_user_images
from ganbench.pictures.easel import Easel
from ganbench.pictures.portrait import fitting, portrait
from ganbench.pictures.training_neighbours import neighbours, neighbours_by_features
from ganbench.records.record import RunRecord
from ganbench.report import Figure, Portrait
from tests.pictures.models import Plain, Styled
from tests.records.make import record, result


def embedded(name: str, **data: Any) -> RunRecord:
    opened = open_model(name)
    model = {"name": name, "weights": opened.weights, "sha256": opened.sha256, "embedded": True}
    return record(model=model, **data)


def titles(figures: Any) -> list[str]:
    return [figure.title for figure in figures]


def test_a_generator_without_styles_has_samples_and_walks() -> None:
    assert titles(of_generators.figures(Sampler(Plain()), Easel())) == ["Samples", "Walks"]


def test_a_style_generator_is_truncated_mixed_and_cut_into_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_generators, "FRAMES", 4)
    found = titles(of_generators.figures(Sampler(Styled(), label=0), Easel()))
    assert found == ["Samples", "Truncation", "Style mixing", "Walks", "Noise", "Texture sticking"]


def test_the_embedded_generators_show_noise_or_equivariance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_generators, "FRAMES", 2)
    monkeypatch.setattr(of_generators, "REALISATIONS", 3)
    model = load_model("stylegan2")
    before = [each.clone() for each in model.state_dict().values()]
    assert {"Noise", "Noise, layer by layer"} <= {*titles(of_generators.figures(Sampler(model), Easel()))}
    assert all(torch.equal(a, b) for a, b in zip(before, model.state_dict().values(), strict=True))


def test_equivariance_is_that_of_the_model_which_stays_at_rest() -> None:
    sampler = Sampler(load_model("stylegan3"))
    before = sampler.image(3)
    figure = of_generators._equivariance(sampler, Easel())
    assert torch.equal(sampler.image(3), before)
    errors = [float(label.split()[1]) for label in figure.column_labels if label.startswith("error")]
    assert errors[0] > 60  # whole pixels: the measured EQ-T is 89 dB
    assert errors[1] > 40
    assert errors[2] < 30  # a StyleGAN3-T is not made for rotations


@pytest.mark.parametrize(
    ("num_ws", "middle"), [(18, range(4, 8)), (16, range(4, 8)), (8, range(3, 6)), (3, range(1, 2))]
)
def test_levels_are_the_papers(num_ws: int, middle: range) -> None:
    found = of_generators.levels(num_ws)
    assert found["middle"] == middle
    assert [layer for layers in found.values() for layer in layers] == list(range(num_ws))


class Reals:
    """Training images of which the first twelve are the model's own samples."""

    name, channels, resolution = "reals", 3, 8

    def __init__(self, sampler: Sampler) -> None:
        own = [sampler.image(seed) for seed in range(12)]
        self.pixels = torch.stack([*own, *(torch.full_like(own[0], 255 * (i % 2)) for i in range(4))])

    def __len__(self) -> int:
        return len(self.pixels)

    def images(self, indices: list[int]) -> Tensor:
        return self.pixels[indices]


def test_a_copied_training_image_is_found() -> None:
    import io

    import numpy as np
    from PIL import Image

    sampler = Sampler(Plain())
    figure, html = neighbours(sampler, Reals(sampler), Easel())  # type: ignore[arg-type]  # what it uses of a data set
    pixels = np.asarray(Image.open(io.BytesIO(figure.png)))
    assert (pixels[:8] == pixels[8:16]).all()
    assert (pixels[:8] != pixels[16:24]).any()
    assert "the 16 images of reals" in figure.caption
    assert html.count("<polygon") == 2


class Brightness:
    """An extractor of one feature: how bright an image is."""

    name, sha256, layers, resolution = "brightness", "b" * 64, {"features": 1}, None

    def __call__(self, images: Tensor) -> dict[str, Tensor]:
        return {"features": images.float().mean((1, 2, 3))[:, None]}


def test_nearest_by_features_are_not_those_of_nearest_pixels() -> None:
    import io

    import numpy as np
    from PIL import Image

    sampler = Sampler(Plain())
    reals = Reals(sampler)
    reals.pixels = torch.stack([sampler.image(0).flip(2), sampler.image(0) // 2])  # one as bright, and one as alike
    figure = neighbours_by_features(sampler, reals, Brightness(), Easel())  # type: ignore[arg-type]  # what it uses
    pixels = torch.tensor(np.asarray(Image.open(io.BytesIO(figure.png)))).permute(2, 0, 1)
    assert torch.equal(pixels[:, 8:16, :8], sampler.image(0).flip(2))
    assert "by Euclidean distance of brightness features" in figure.caption


def test_features_are_those_of_the_extractor_that_measured() -> None:
    reals = open_data("digits")
    data = {"name": "digits", "fingerprint": reals.fingerprint, "count": len(reals)}
    sha256 = open_extractor("digits").sha256
    known, other = (
        embedded("progan", data=data, results=(result(extractor_sha256=each),)) for each in (sha256, "e" * 64)
    )
    assert titles(portrait(known, "a").figures)[-2:] == ["Nearest training images", "Nearest by features"]
    assert "found 66d0b613: measure again" in portrait(other, "a").missing[0]


def test_empty_cells_are_transparent_and_small_images_enlarged() -> None:
    import io

    from PIL import Image

    figure = Easel().figure("t", "c", "a", [None, torch.full((1, 16, 16), 9, dtype=torch.uint8)], 2)
    image = Image.open(io.BytesIO(figure.png))
    assert image.getpixel((3, 3))[1] == 0  # type: ignore[index]  # grey and alpha
    assert image.getpixel((20, 3)) == (9, 255)
    assert figure.scale == 4
    large = Easel().figure("t", "c", "a", [torch.zeros(3, 512, 512, dtype=torch.uint8)], 1)
    assert (large.size, large.scale) == ((128, 128), 1)
    assert Easel(2).figure("t", "c", "a", [torch.zeros(3, 512, 512, dtype=torch.uint8)], 1).size == (256, 256)


def test_why_nothing_is_drawn_is_said(tmp_path: Path) -> None:
    gone = portrait(record(), "a")
    assert gone.figures == []
    assert "expected the weights of stylegan3, found none at a.pkl" in gone.missing[0]
    (tmp_path / "w.pkl").write_bytes(b"other")
    weights = {"name": "stylegan3", "weights": str(tmp_path / "w.pkl"), "sha256": "a" * 64, "embedded": False}
    assert "expected weights of sha256 aaaaaaaa, found others" in portrait(record(model=weights), "a").missing[0]
    assert "unknown" in portrait(record(name="no-such-model"), "a").missing[0]
    assert "not drawn" in portrait(record(name="os:getcwd"), "a").missing[0]
    embedded = portrait(record(model={**weights, "embedded": True}), "a")
    assert f"found {open_model('stylegan3').sha256[:8]}" in embedded.missing[0]


def test_translators_are_drawn_from_the_data_of_the_record() -> None:
    data = {"name": "digit-domains:3,8", "fingerprint": "d" * 64, "count": 1}
    drawn = portrait(embedded("cyclegan", data=data), "cyclegan")
    assert (titles(drawn.figures), drawn.missing) == (["8 to 3 and back", "3 to 8 and back"], [])
    drawn = portrait(embedded("starganv2", data={**data, "name": "digit-domains"}), "starganv2")
    assert titles(drawn.figures)[:3] == ["To all domains", "To 0, by latents", "To 0, by references"]
    lost = portrait(embedded("cyclegan", data={**data, "name": "lost"}), "cyclegan")
    assert lost.figures == []
    assert "lost" in lost.missing[0]


def test_one_direction_of_a_translator_is_drawn() -> None:
    class OneWay:
        domains, targets, img_resolution, img_channels = ("3", "8"), ("8",), 32, 1

        def translate(self, x: Tensor, target: Any, style: Tensor | None = None) -> Tensor:
            return -x

    images = open_user_images("digit-domains:3,8", OneWay.domains, 1)
    (figure,) = of_translators.figures(Translations(OneWay()), images, Easel())
    assert (figure.title, figure.row_labels) == ("To 8", ("source", "to 8"))


def test_pictures_are_bounded_and_what_is_left_out_is_named() -> None:
    figures = [Figure(title, "", "", bytes(size), (1, 1), 1, 1) for title, size in (("a", 50), ("b", 70), ("c", 40))]
    (kept,) = fitting([Portrait("m", figures)], 100)
    assert titles(kept.figures) == ["a", "c"]
    assert kept.missing[0].endswith("MB: b.")
