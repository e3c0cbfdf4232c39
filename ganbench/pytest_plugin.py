"""A plugin for pytest with the fixture ``ganbench_gate``, which fails a test where a model has regressed.

pytest imports this file whenever it starts, so that it imports nothing else before a test asks for the fixture.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ganbench.records.check import Check
    from ganbench.records.record import RunRecord

UPDATE = "--ganbench-update-baselines"


class Gate:
    """The gate of ``ganbench check`` within a test.

    Args:
        root: folder that paths of baselines are relative to: pytest's root folder.
        update: whether baselines are replaced instead of judged against.
    """

    def __init__(self, root: Path, update: bool) -> None:
        self.root, self.update = root, update

    def __call__(
        self, record: RunRecord | Path | str, *tolerances: str, baseline: Path | str = "baseline.json"
    ) -> Check | None:
        """Fail the test on a regression, and where the two records cannot be compared; return what was found.

        Args:
            record: as ``ganbench.run`` returns it, its file, or a results folder, of whose newest run it is.
            tolerances: such as ``fid=2%`` or ``ppl=0.5``; the interval of the difference counts, too.
            baseline: file of the record to compare with.

        Returns:
            None where the baseline was replaced.
        """
        from ganbench.errors import GanbenchError

        path = self.root / baseline
        try:
            if not self.update:
                return self._judged(record, path, tolerances)
            self._replace(record, path)
            return None
        except GanbenchError as error:
            pytest.fail(f"cannot judge: {error}", pytrace=False)

    def _judged(self, record: RunRecord | Path | str, path: Path, tolerances: tuple[str, ...]) -> Check:
        from ganbench.records.check import check
        from ganbench.records.check_formats import text
        from ganbench.records.store import read
        from ganbench.records.tolerances import parse_tolerances

        allowed, before = parse_tolerances(tolerances), read(path)
        found = check(before, _read(record, before), allowed, str(path))
        if found.exit_code:
            pytest.fail("\n".join([text(found).rstrip(), *found.remarks]), pytrace=False)
        return found

    def _replace(self, record: RunRecord | Path | str, path: Path) -> None:
        from ganbench.records.check import replace_baseline
        from ganbench.records.store import read

        replace_baseline(path, _read(record, read(path) if path.exists() else None))


def _read(record: RunRecord | Path | str, before: RunRecord | None) -> RunRecord:
    from ganbench.errors import BadInputError
    from ganbench.records.check import newest_of_model
    from ganbench.records.store import Store, read

    if not isinstance(record, Path | str):
        return record
    if not Path(record).is_dir():
        return read(record)
    if before is None:
        raise BadInputError(f"expected the file of a record for a new baseline, found a folder: {record}; name a file.")
    return newest_of_model(before.model["name"], Store(record))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that replaces baselines."""
    told = "Replace the baselines of ganbench_gate by what is measured now, judging nothing."
    parser.getgroup("ganbench").addoption(UPDATE, action="store_true", help=told)


@pytest.fixture
def ganbench_gate(pytestconfig: pytest.Config) -> Gate:
    """Fail the test where a model has regressed: ``ganbench_gate(record, "fid=2%", baseline="baseline.json")``."""
    return Gate(pytestconfig.rootpath, bool(pytestconfig.getoption(UPDATE)))
