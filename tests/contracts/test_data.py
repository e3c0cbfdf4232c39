"""Every registered data set keeps the laws of data sets."""

import pytest

from ganbench import registry
from ganbench.data import open_data
from ganbench.testing import check_dataset
from ganbench.testing.context import inverted


@pytest.mark.parametrize("name", registry.names("data"))
def test_data_sets_keep_their_laws(name: str) -> None:
    check_dataset(open_data(name), same=open_data(name), other=inverted(open_data(name)))
    check_dataset(inverted(open_data(name)))
