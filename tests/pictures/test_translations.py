from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ganbench.errors import BadInputError, UnknownNameError
from ganbench.pictures import Column, Translations, UserImage, evenly, interpolated, open_user_images, table
from ganbench.rng import Streams
from tests.data.image_sets import noise, picture, write_folder
from tests.pictures.models import Plain
from tests.pictures.translators import Mirrored, Painted


def image(value: int, height: int = 8, width: int = 8) -> Tensor:
    return torch.full((3, height, width), value, dtype=torch.uint8)


def user_image(name: str, domain: str | None = None) -> UserImage:
    return UserImage(name, domain, lambda: image(0))


def test_an_image_is_translated_with_its_style() -> None:
    painted = Translations(Painted())
    columns = [Column(torch.tensor([[value]])) for value in (0.0, 0.5)]
    source, first, second = painted.row(image(200), 2, columns)
    assert torch.equal(source, image(200))
    assert [int(channel[0, 0]) for channel in first] == [200, 128, 153]
    assert [int(channel[0, 0]) for channel in second] == [200, 191, 153]


def test_the_style_of_a_seed_is_that_of_its_latent_whatever_else_is_drawn() -> None:
    painted = Translations(Painted())
    for seed in (0, 7):
        z = Streams(seed, (0,)).normal("z", (4,))
        assert torch.equal(painted.of_seed(seed, 1).style, Painted().style_from_latent(z, 1))  # type: ignore[arg-type]
    assert painted.of_seed(7, 1).label == "7"


def test_the_style_of_a_reference_is_taken_at_the_models_size() -> None:
    column = Translations(Painted()).of_reference(image(255, 21, 40), 2)
    assert column.style is not None
    assert column.style.item() == pytest.approx(0.5 + 0.2)
    assert column.head is not None
    assert column.head.shape == (3, 8, 8)


def test_images_are_resized_as_pillow_does_or_not_at_all() -> None:
    pixels = torch.from_numpy(noise(1, 30))[0]
    with_pillow = np.asarray(picture(pixels.numpy()).resize((8, 8), Image.Resampling.BILINEAR))
    assert np.array_equal(Translations(Painted()).fitted(pixels).permute(1, 2, 0).numpy(), with_pillow)
    assert torch.equal(Translations(Mirrored()).fitted(pixels), pixels)


def test_a_translation_between_two_domains_comes_back() -> None:
    pixels = torch.arange(8, dtype=torch.uint8).expand(3, 8, 8) * 30
    source, there, back = Translations(Mirrored()).row(pixels, 1, [Column(), Column()])
    assert torch.equal(source, pixels)
    assert (there.flip(-1).int() - pixels.int() / 2).abs().max() <= 1
    assert (back.int() - pixels.int() / 4).abs().max() <= 1


def test_a_target_is_a_name_or_a_number() -> None:
    painted = Translations(Painted())
    assert [painted.target(asked) for asked in ("dog", "2", "0")] == [1, 2, 0]
    for asked in ("dgo", "3", "-1", "²"):
        with pytest.raises(UnknownNameError, match="unknown domain"):
            painted.target(asked)


def test_a_name_that_is_a_number_is_a_name() -> None:
    digits = Mirrored()
    digits.domains = ("1", "0")
    assert Translations(digits).target("1") == 0


def test_weights_of_one_direction_have_one_target_and_no_way_back() -> None:
    one_way = Mirrored()
    one_way.targets = ("right",)  # type: ignore[attr-defined]
    mirrored = Translations(one_way)
    assert mirrored.targets == [mirrored.target("right")] == [1]
    assert len(list(mirrored.row(image(0), 1, [Column()]))) == 2
    with pytest.raises(BadInputError, match="expected a target among right, found 0"):
        mirrored.target("0")


def test_a_generator_is_no_translator() -> None:
    with pytest.raises(BadInputError, match="ganbench generate"):
        Translations(Plain())


def test_a_walk_is_straight_and_passes_through_its_styles() -> None:
    columns = [Column(torch.tensor([[value]]), label=str(value)) for value in (0.0, 1.0, 0.5)]
    path = interpolated(columns, 4)
    assert [column.style.item() for column in path] == [0, 0.25, 0.5, 0.75, 1, 0.875, 0.75, 0.625, 0.5]  # type: ignore[union-attr]
    assert [column.label for column in path if column.label] == ["0.0", "1.0", "0.5"]


def test_a_table_has_references_above_and_sources_at_the_left() -> None:
    columns = [Column(head=image(value)) for value in (10, 20)]
    rows = [[image(value + step) for step in range(3)] for value in (50, 60)]
    sheet = np.asarray(table(columns, rows, 2))
    assert sheet.shape == (24, 24, 3)
    assert sheet[::8, ::8, 0].tolist() == [[255, 10, 20], [50, 51, 52], [60, 61, 62]]


def test_a_table_of_labels_has_no_row_for_references() -> None:
    sheet = np.asarray(table([Column(label="0")], [[image(50), image(60)]], 1))
    assert sheet[-8:].shape == (8, 16, 3)
    assert sheet.shape[0] < 8 + 24
    assert (sheet[-8:, :8] == 50).all()


def test_a_table_of_unlike_images_is_one_of_the_first_size_and_large_ones_are_reduced() -> None:
    rows = [[image(1, 6, 4), image(2, 6, 4)], [image(3, 20, 10), image(4, 9, 9)]]
    assert np.asarray(table([Column()], rows, 2)).shape == (12, 8, 3)
    assert np.asarray(table([Column()], [[image(1, 1024, 2048)] * 2], 1)).shape == (256, 1024, 3)


def test_files_are_read_in_their_order_with_the_domains_of_their_folders(tmp_path: Path) -> None:
    pixels = noise(4)
    write_folder(tmp_path, pixels, ["dog/a b.png", "cat/x.png", "cat.png", "other/dog/x.png"])
    found = open_user_images(str(tmp_path), ("cat", "dog"), 3)
    assert [(each.name, each.domain) for each in found] == [
        ("cat", None),
        ("cat_x", "cat"),
        ("dog_a_b", "dog"),
        ("other_dog_x", None),
    ]
    assert np.array_equal(found[2].pixels().numpy(), pixels[0])
    (one,) = open_user_images(str(tmp_path / "cat/x.png"), ("cat", "dog"), 3)
    assert (one.name, one.domain) == ("x", None)


def test_files_of_any_colour_become_rgb_for_a_model_of_rgb_images(tmp_path: Path) -> None:
    rgb = picture(noise(1)[0])
    deep = Image.fromarray(noise(1, channels=1)[0, 0].astype(np.uint16) * 257)
    files = {"a.png": rgb, "b.png": rgb.convert("L"), "c.png": rgb.convert("RGBA"), "d.tif": rgb.convert("CMYK")}
    for name, each in {**files, "e.png": deep}.items():
        each.save(tmp_path / name)
    found = open_user_images(str(tmp_path), (), 3)
    assert [each.converted for each in found] == ["", "greyscale", "alpha", "CMYK", "16-bit"]
    for name, each in zip([*files, "e.png"], found, strict=True):
        expected = np.asarray(Image.open(tmp_path / name).convert("RGB")).transpose(2, 0, 1)
        assert (each.pixels().numpy() == expected).all(), name


@pytest.mark.parametrize("spec", ["a" * 5000, "a\0b", "~nobody-of-this-name/images", ""])
def test_what_cannot_be_a_path_is_refused(spec: str) -> None:
    with pytest.raises(BadInputError) as caught:
        open_user_images(spec, (), 3)
    assert len(str(caught.value)) < 500


def test_a_model_of_greyscale_images_takes_those_alone(tmp_path: Path) -> None:
    grey = noise(1, channels=1)
    write_folder(tmp_path / "grey", grey, ["a.png"])
    write_folder(tmp_path / "rgb", noise(1), ["a.png"])
    (found,) = open_user_images(str(tmp_path / "grey"), (), 1)
    assert (found.pixels().numpy() == grey[0]).all()
    assert found.converted == ""
    with pytest.raises(BadInputError, match=r"greyscale images for this model, found RGB: .*rgb/a\.png"):
        open_user_images(str(tmp_path / "rgb"), (), 1)


def test_folders_of_domains_give_their_validation_images(tmp_path: Path) -> None:
    write_folder(tmp_path / "a", noise(4), ["trainA/x.png", "trainB/x.png", "testA/y.png", "testB/z.png"])
    assert [(each.name, each.domain) for each in open_user_images(str(tmp_path / "a"), (), 3)] == [
        ("A_y", "A"),
        ("B_z", "B"),
    ]
    write_folder(tmp_path / "b", noise(2), ["train/cat/x.png", "val/cat/y.png"])
    assert [(each.name, each.domain) for each in open_user_images(str(tmp_path / "b"), (), 3)] == [("cat_y", "cat")]


def test_names_stay_apart(tmp_path: Path) -> None:
    write_folder(tmp_path, noise(4), ["a.png", "a.PNG", "a?.png", "a-2.png"])
    names = [each.name for each in open_user_images(str(tmp_path), (), 3)]
    assert len(set(names)) == 4


def test_names_fit_into_names_of_files(tmp_path: Path) -> None:
    (tmp_path / "é").mkdir()
    write_folder(tmp_path, noise(2), [f"{'é' * 100}.png", f"é/{'x' * 200}.png"])
    assert all(len(each.name.encode()) <= 80 for each in open_user_images(str(tmp_path), (), 3))


def test_a_data_set_of_domains_gives_its_validation_images() -> None:
    found = open_user_images("digit-domains:3,8", (), 1)
    assert {each.domain for each in found} == {"3", "8"}
    assert found[0].name.startswith(f"{found[0].domain}-0")
    assert found[0].pixels().shape == (1, 32, 32)
    (named, *_), (plain, *_) = open_user_images("digits:test", (), 1), open_user_images("digits", (), 1)
    assert (named.domain, plain.name) == (None, "digits-0000")
    assert len(open_user_images("digits:test", (), 1)) > len(found)


def test_pairs_have_the_models_names_of_source_and_target_where_it_has_others() -> None:
    for domains, expected in (
        (("source", "target"), {"source", "target"}),
        (("digits", "edges"), {"edges", "digits"}),
        ((), {"edges", "digits"}),
    ):
        found = open_user_images("digit-edges", domains, 1)
        assert {each.domain for each in found} == expected
    assert [it.domain for it in open_user_images("digit-edges", ("source", "target"), 1)][:: len(found) - 1] == [
        "source",
        "target",
    ]


def test_a_limit_is_spread_over_the_domains() -> None:
    found = [user_image(f"{domain}{number}", domain) for domain in "abc" for number in range(3)]
    assert [each.name for each in evenly(found, 4)] == ["a0", "a1", "b0", "c0"]
    assert evenly(found, None) == found
    assert evenly(found, 100) == found
