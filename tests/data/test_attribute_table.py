"""Tables of attributes: both layouts, and what is wrong with a table in one sentence."""

import os
import tracemalloc
from pathlib import Path

import pytest

from ganbench.data.attribute_table import AttributeTable, read_attribute_table
from ganbench.errors import BadInputError

CELEBA = "3\nBald Young \n000001.jpg -1  1\n000002.jpg  1 -1\n000003.jpg -1 -1\n"
CSV = 'file,Bald,"Young, rather"\n000001.jpg,0,1\n000002.jpg,1,0\n\n000003.jpg,0,0\n'
NAMES = ["000001.jpg", "000002.jpg", "000003.jpg"]


def table(folder: Path, text: str) -> AttributeTable:
    (folder / "table.txt").write_text(text)
    return read_attribute_table(folder / "table.txt")


@pytest.mark.parametrize(
    "text",
    [
        CELEBA,
        CELEBA.replace("\n", "\r\n"),
        CSV,
        "\ufeff" + CSV,
        CSV.replace(',"Young, rather"', ",Young").replace(",", "\t"),
        CSV.replace(",0", ",-1").replace(",1", ", 1"),
    ],
)
def test_both_layouts_say_the_same(tmp_path: Path, text: str) -> None:
    found = table(tmp_path, text)
    assert found.attributes[0] == "Bald"
    assert found.attributes[1].startswith("Young")
    indices, answers = found.of(NAMES, "here")
    assert indices == [0, 1, 2]
    assert answers.tolist() == [[0, 1], [1, 0], [0, 0]]


def test_answers_come_in_the_order_of_the_images(tmp_path: Path) -> None:
    _, answers = table(tmp_path, CELEBA).of(NAMES[::-1], "here")
    assert answers.tolist() == [[0, 0], [1, 0], [0, 1]]


def test_an_image_may_have_another_suffix(tmp_path: Path) -> None:
    _, answers = table(tmp_path, CELEBA).of([name.replace("jpg", "png") for name in NAMES], "here")
    assert answers.tolist() == [[0, 1], [1, 0], [0, 0]]
    both = table(tmp_path, "file,a\nx.png,1\nx.jpg,0\n")
    assert both.of(["x.jpg", "x.png"], "here")[1].tolist() == [[0], [1]]


def test_images_and_rows_without_each_other_are_refused_or_left_out(tmp_path: Path) -> None:
    found = table(tmp_path, CELEBA)
    with pytest.raises(BadInputError, match=r"expected a row for each image, found none for 9\.jpg: .*--subset"):
        found.of([*NAMES, "9.jpg"], "here")
    with pytest.raises(BadInputError, match=r"found none for 000003\.jpg in here: .*--subset"):
        found.of(NAMES[:2], "here")
    indices, answers = found.of(["9.jpg", *NAMES[:2]], "here", subset=True)
    assert (indices, answers.tolist()) == ([1, 2], [[0, 1], [1, 0]])
    for subset in (True, False):
        with pytest.raises(BadInputError, match=r"rows for the images in here, such as 9\.jpg, found none"):
            found.of(["9.jpg"], "here", subset=subset)


def test_an_attribute_with_one_answer_teaches_nothing(tmp_path: Path) -> None:
    found = table(tmp_path, CELEBA)
    with pytest.raises(BadInputError, match="expected both answers for Young, found only no for all 2 images"):
        found.of(NAMES[1:], "here", subset=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "0 rows of 0 attributes"),
        ("file,a\n", "0 rows of 1 attributes"),
        ("file\nx.png\n", "1 rows of 0 attributes"),
        ("file,a,a\nx.png,1,0\n", "different names, found"),
        ("file,a,\nx.png,1,0\n", "a name for each attribute"),
        ("file,a\nx.png,1\ny.png,maybe\n", "line 3: expected 1, 0 or -1 for a, found 'maybe': write 1 for yes"),
        ("file,a\nx.png,1,0\n", "line 2: expected 1 values, one per attribute, found 2"),
        ("file,a,b\nx.png,1\n", "line 2: expected 2 values, one per attribute, found 1"),
        ("file,a\nx.png,1\nx.png,0\n", r"line 3: expected one row for each image, found a second for x\.png"),
        ("file,a\n,1\n", "line 2: expected the name of an image, found none"),
        ("file,a\nx.png,0\ny.png,-1\n", "line 3: expected either 0 or -1 for no, found both"),
        ('file,a\n"x.png,0\n', "cannot be read"),
        ("4\na b\nx.jpg 1 -1\n", "expected 4 rows, as the first line says, found 1"),
        ("4\n", "expected 4 rows, as the first line says, found 0"),
        ("1\na b\nx.jpg 1 7\n", "line 3: expected 1, 0 or -1 for b, found '7'"),
        (f"{'9' * 5000}\na b\nx.jpg 1 -1\n", r"expected 9{60}\.\.\. rows, as the first line says, found 1"),
        (
            f"file,{'a' * 1000}\nx.png,{'7' * 5000}\n",
            r"line 2: expected 1, 0 or -1 for a{60}\.\.\., found '7{40}': write",
        ),
        ("file,a\n" + "x" * 2**21, "at most 1,048,576 characters, found line 2 longer"),
        ("a," * 2**20, "at most 1,048,576 characters, found line 1 longer"),
        (f"file,a\n{'x' * 200_000},1\n", r"line 2 cannot be read \(field larger than field limit"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadInputError, match=message) as caught:
        table(tmp_path, text)
    assert f"{tmp_path}/table.txt" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_large_table_takes_little_memory(tmp_path: Path) -> None:
    """Forty answers of an image are forty references to two numbers, not forty texts."""
    rows = "".join(f"{number:06}.jpg" + " -1  1" * 20 + "\n" for number in range(5000))
    (tmp_path / "table.txt").write_text(f"5000\n{' '.join(f'a{number}' for number in range(40))}\n{rows}")
    tracemalloc.start()
    found = read_attribute_table(tmp_path / "table.txt")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found.rows) == 5000
    assert peak < 6 * len(rows)


def test_what_is_too_large_or_no_file_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "large.txt").open("wb") as file:
        file.truncate(2**40)
    os.mkfifo(tmp_path / "pipe.txt")
    for name, reason in (("large", "it is larger than 128 MiB"), ("pipe", "it is not a regular file")):
        with pytest.raises(BadInputError, match=rf"{name}\.txt cannot be read as a table of attributes \({reason}\)"):
            read_attribute_table(tmp_path / f"{name}.txt")


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "table.txt").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path, tmp_path / "none", tmp_path / "table.txt"):
        with pytest.raises(BadInputError, match="cannot be read as a table"):
            read_attribute_table(path)


def test_names_of_attributes_are_printable_and_unlike_each_other_even_so(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("file,odd\x1b[2J\u202e,plain\na.png,1,0\nb.png,0,1\n")
    assert read_attribute_table(path).attributes == ("odd\\x1b[2J\\u202e", "plain")
    path.write_text("file,odd\x1b,odd\\x1b\na.png,1,0\nb.png,0,1\n")
    with pytest.raises(BadInputError, match="different names, found"):
        read_attribute_table(path)
