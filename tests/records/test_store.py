import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ganbench.errors import BadInputError
from ganbench.records.store import Store, read
from tests.records.make import record, result


def test_what_is_written_is_read(tmp_path: Path) -> None:
    store, one = Store(tmp_path), record()
    path = store.write(one)
    assert path.parent == tmp_path / "records"
    assert read(path) == one
    assert store.read_all() == [one]


def test_names_say_what_is_inside_and_are_safe_everywhere(tmp_path: Path) -> None:
    one = record(name="../stylegan3:ffhq-1024-t", at=5, id="0123456789abcdef")
    assert Store(tmp_path).write(one).name == "20260131T120005Z-.._stylegan3_ffhq_1024_t-digits-01234567.json"


def test_records_come_oldest_first(tmp_path: Path) -> None:
    store = Store(tmp_path)
    late, early = record(at=2, name="a"), record(at=1, name="b")
    store.write(late)
    store.write(early)
    assert store.read_all() == [early, late]


def test_a_record_is_never_overwritten(tmp_path: Path) -> None:
    store, one = Store(tmp_path), record()
    before = store.write(one).read_bytes()
    with pytest.raises(BadInputError, match="expected a new record, found one"):
        store.write(record(id=one.id))
    assert store.path(one).read_bytes() == before


WRITER = """
import sys
from ganbench.records.store import Store
from tests.records.make import record, result
for at in range(20):
    store = Store(sys.argv[1])
    store.check_writable()
    store.write(record(at=at))
"""


def test_processes_that_write_to_one_new_folder_lose_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path / "results")]
    root = Path(__file__).resolve().parents[2]
    writers = [subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True) for _ in range(6)]
    assert [writer.communicate()[1] for writer in writers] == [""] * 6
    found = Store(tmp_path / "results").read_all()
    assert len(found) == len({one.id for one in found}) == 6 * 20
    assert len(list((tmp_path / "results" / "records").iterdir())) == 6 * 20


def test_of_two_processes_that_write_one_record_one_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other process writes between any check of this one and its own writing."""
    store, one, other = Store(tmp_path), record(id="ab" * 16), record(id="ab" * 16, seed=1)
    linked = os.link

    def late(*arguments: str) -> None:
        monkeypatch.setattr(os, "link", linked)
        store.write(other)
        linked(*arguments)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(BadInputError, match="expected a new record, found one"):
        store.write(one)
    assert store.read_all() == [other]


def test_later_records_have_later_times_whatever_the_clock_says(tmp_path: Path) -> None:
    store = Store(tmp_path)
    paths = [store.write(record(at=at)) for at in (9, 5)]
    os.utime(paths[1], ns=(2**62, 2**62))
    (store.folder / "dangling.json").symlink_to("nowhere")
    paths.append(store.write(record(at=1)))
    assert store.newest_first()[:3] == [paths[2], paths[1], paths[0]]


def test_a_crash_while_writing_leaves_the_folder_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    store.write(record())
    before = sorted(store.folder.iterdir())

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadInputError, match="expected space for records"):
        store.write(record(at=1))
    assert sorted(store.folder.iterdir()) == before


def test_no_folder_means_no_records(tmp_path: Path) -> None:
    assert Store(tmp_path / "nowhere").read_all() == []


def test_the_default_folder_is_results_or_what_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANBENCH_RESULTS", "/elsewhere")
    assert Store().folder == Path("/elsewhere/records")
    monkeypatch.delenv("GANBENCH_RESULTS")
    assert Store().folder == Path("results/records")


def test_trying_a_folder_leaves_nothing_behind(tmp_path: Path) -> None:
    Store(tmp_path / "a" / "b").check_writable()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "records").mkdir()
    Store(tmp_path).check_writable()
    assert list(tmp_path.rglob("*")) == [tmp_path / "records"]


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    with pytest.raises(BadInputError, match=r"found a file: .*results"):
        Store(tmp_path / "results").check_writable()


def test_a_full_disk_is_found_out_before_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadInputError, match="expected space for records"):
        Store(tmp_path / "results").check_writable()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/sys/kernel").exists(), reason="needs a folder that nobody may write to")
def test_a_read_only_folder_is_named() -> None:
    with pytest.raises(BadInputError, match="/sys/kernel/records"):
        Store("/sys/kernel").check_writable()


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"\xff\xfe", b'{"schema": 1}', record().to_json().encode()[:300]),
        *(record(result(spec={f"truncation_{name}": value})).to_json().encode()
          for name, value in (("psi", "x"), ("psi", None), ("psi", True), ("cutoff", [1]), ("cutoff", 1.5))),
    ],
)  # fmt: skip
def test_a_damaged_file_is_named_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "records" / "broken.json"
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=r"broken\.json") as caught:
        Store(tmp_path).read_all()
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


def test_a_mark_that_an_editor_put_before_the_text_is_passed_over(tmp_path: Path) -> None:
    path, one = tmp_path / "marked.json", record()
    path.write_text(one.to_json(), encoding="utf-8-sig")
    assert read(path) == one


def test_a_missing_file_and_a_folder_are_no_records(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="found no file"):
        read(tmp_path / "none.json")
    with pytest.raises(BadInputError, match="cannot be read"):
        read(tmp_path)


def test_a_half_written_file_is_not_taken_for_a_record(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(record())
    (store.folder / ".x.json.abc.partial").write_text("{")
    assert len(store.read_all()) == 1


def test_what_may_never_end_or_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    for path in (tmp_path / "pipe.json", Path("/dev/zero")):
        with pytest.raises(BadInputError, match="a pipe or a device"):
            read(path)
    monkeypatch.setattr("ganbench.records.store.MAX_BYTES", 1 << 10)
    with pytest.raises(BadInputError, match="larger than"):
        read(Store(tmp_path).write(record()))


def test_a_results_folder_whose_name_is_not_utf_8_holds_records(tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/results\xff"))
    one = record(command=["ganbench", "run", "--results-dir", str(odd)])
    assert read(Store(odd).write(one)) == one
    assert Store(odd).read_all() == [one]
