import pytest
import torch

from baselines.digits import dataset
from ganbench.data import open_data
from ganbench.errors import UnknownNameError
from ganbench.types import Dataset


@pytest.mark.parametrize(("spec", "split"), [("digits", "train"), ("digits:test", "test"), ("digits:all", "all")])
def test_each_split_is_the_embedded_one(spec: str, split: dataset.Split) -> None:
    data, digits = open_data(spec), dataset.load(split)
    assert isinstance(data, Dataset)
    assert (data.name, len(data), data.resolution, data.channels, data.label_dim) == (spec, len(digits), 32, 1, 10)
    chosen = [5, 0, len(digits) - 1]
    assert torch.equal(data.images(chosen), digits.images[chosen])
    assert torch.equal(data.labels(chosen).argmax(1), digits.labels[chosen])
    assert data.labels(chosen).sum(1).tolist() == [1, 1, 1]
    assert data.labels(chosen).dtype == torch.float32
    assert data.fingerprint == dataset.fingerprint(digits)


def test_an_unknown_split_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="'digits:tset': did you mean digits:test"):
        open_data("digits:tset")
