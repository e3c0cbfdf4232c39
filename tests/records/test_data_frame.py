import math
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import ganbench.records
from ganbench.errors import BadInputError
from ganbench.records import frame
from ganbench.records.data_frame import TYPES
from ganbench.records.record import Interval
from ganbench.records.store import Store
from tests.records.make import record, result

INTERVAL = Interval(low=1.5, high=3.5, level=0.95, method="jackknife")
FID = result("fid50k", 2.5, interval=INTERVAL, errors={"samples": 0.3, "reals": 0.4}, bias=0.1)
EQ = result("eqt2k_int", math.inf, higher_is_better=True, count=None, extractor=None, unit="dB")
PAIRS = result("fid_latent", 7.0, parts={"0->1": 6.0, "1->0": 8.0}, errors={"pairs": 1.0}, higher_is_better=None)


def test_each_number_is_a_row_and_each_column_has_one_type() -> None:
    one = record(FID, EQ, model={"name": "m", "weights": "w.pkl", "sha256": "a" * 64, "embedded": False, "kimg": 25})
    two = record(PAIRS, name="t", at=1, data=None, seed=3)
    found = frame([one, two])
    assert {name: str(kind) for name, kind in found.dtypes.items()} == TYPES
    assert list(found["key"]) == ["fid50k", "eqt2k_int", "fid_latent"]
    fid = found.iloc[0].to_dict()
    assert fid == fid | {"id": one.id, "created": pd.Timestamp(one.created), "model": "m", "weights": "w.pkl"}
    assert fid == fid | {"weights_sha256": "a" * 64, "kimg": 25.0, "data": "digits", "benchmark": "digits", "seed": 0}
    assert fid == fid | {"metric": "fid50k", "value": 2.5, "bias": 0.1, "count": 50_000, "extractor": "digits"}
    assert fid == fid | {"low": 1.5, "high": 3.5, "level": 0.95, "method": "jackknife", "version": 1, "unit": ""}
    assert fid == fid | {"error_samples": 0.3, "error_reals": 0.4, "higher_is_better": False}
    assert fid["part"] is None
    assert found["value"][1] == math.inf
    missing = found.loc[1, ["low", "method", "error_samples", "bias", "count", "extractor", "part"]]
    assert missing.isna().all()
    assert found.loc[2, ["kimg", "data", "higher_is_better"]].isna().all()
    assert found.loc[2, "error_pairs"] == 1.0


def test_parts_are_rows_if_asked_for() -> None:
    found = frame(record(FID, PAIRS), parts=True)
    assert list(found["part"].fillna("")) == ["", "", "0->1", "1->0"]
    assert list(found["value"]) == [2.5, 7.0, 6.0, 8.0]
    assert set(found["key"][1:]) == {"fid_latent"}
    assert found.loc[2:, "error_pairs"].isna().all()


def test_folders_files_and_the_default_folder_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    late, early = store.write(record(at=2, name="late")), store.write(record(at=1, name="early"))
    monkeypatch.setenv("GANBENCH_RESULTS", str(tmp_path))
    for source in (None, tmp_path, str(tmp_path), store.folder):
        assert list(frame(source)["model"]) == ["early", "late"]
    assert list(frame(late)["model"]) == ["late"]
    early.write_text("{")
    with pytest.warns(UserWarning, match=r"early.*is not a readable record"):
        assert list(frame(tmp_path)["model"]) == ["late"]
    with pytest.raises(BadInputError, match=r"early.*is not a readable record"):
        frame(early)
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInputError, match=r"expected records in .*empty, found none"):
        frame(tmp_path / "empty")


def test_no_records_are_a_frame_without_rows() -> None:
    found = frame([])
    assert (len(found), list(found)) == (0, list(TYPES))


def test_the_public_name_is_there_and_imports_nothing_heavy() -> None:
    code = "import sys; from ganbench.records import frame; print({'torch', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
    with pytest.raises(AttributeError, match="has no attribute 'frames'"):
        _ = ganbench.records.frames
