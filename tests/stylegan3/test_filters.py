"""The Kaiser filters are SciPy's, which takes a second to import."""

import numpy as np
import pytest
import scipy.signal

from baselines.stylegan3.filters import kaiser_beta, windowed_sinc


@pytest.mark.parametrize("numtaps", [2, 5, 6, 12, 13, 24, 96])
@pytest.mark.parametrize("cutoff", [0.05, 0.25, 0.5, 0.93])
@pytest.mark.parametrize("width", [0.02, 0.2, 0.37, 0.9])
def test_a_filter_equals_scipys_to_the_bit(numtaps, cutoff, width):
    expected = scipy.signal.firwin(numtaps, cutoff, width=width)
    np.testing.assert_array_equal(windowed_sinc(numtaps, cutoff, width), expected)
    assert kaiser_beta(numtaps, width) == scipy.signal.kaiser_beta(scipy.signal.kaiser_atten(numtaps, width))
