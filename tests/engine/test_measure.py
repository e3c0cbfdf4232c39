"""``ganbench.measure`` on what it cannot take."""

import pytest
from toygan import Waves

import ganbench
from ganbench.errors import BadInputError


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"seed": 2**63}, {"batch_size": 0}, {"batch_size": -7}])
def test_numbers_out_of_range_are_refused(wrong: dict[str, int]) -> None:
    (name,) = wrong
    with pytest.raises(BadInputError, match=f"for {name}, found {wrong[name]}"):
        ganbench.measure(Waves(), ["fid@40"], benchmark="toy", **wrong)
