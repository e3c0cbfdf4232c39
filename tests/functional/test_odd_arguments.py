"""Arguments at the ends of what numbers can be: the right value, or a sentence; each of these was once wrong."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from ganbench import functional as F
from ganbench.errors import BadInputError, GanbenchError, NonFiniteError

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 8)), RNG.normal(size=(40, 8)) * 1.2
IMAGES = RNG.random((2, 3, 16, 16))
MAPS = [RNG.random((2, 4, 5, 5)).astype(np.float32), RNG.random((2, 6, 3, 3)).astype(np.float32)]
ENDLESS = 10**5000  # of more digits than Python shows


@pytest.mark.parametrize("offset", [0.0, 1e4, 1e8])
@pytest.mark.parametrize("scale", [2.0**-600, 2.0**-90, 1.0, 2.0**900])
def test_gaussian_mmd_depends_on_differences_in_widths_alone(scale: float, offset: float) -> None:
    x, y = (np.round(side * 2**20) / 2**20 for side in (X, Y))  # so that the offset rounds nothing away
    right = F.gaussian_mmd(x, y)
    assert F.gaussian_mmd((x + offset) * scale, (y + offset) * scale, sigma=10 * scale) == pytest.approx(right, 1e-9)


@pytest.mark.parametrize(
    ("scale", "sigma", "right"), [(1e160, 10, 2 / 40), (1e300, 1e-300, 2 / 40), (1, 1e-200, 2 / 40), (1, 1e200, 0)]
)
def test_gaussian_mmd_of_rows_far_apart_or_together(scale: float, sigma: float, right: float) -> None:
    """Far apart, each row is like itself alone."""
    assert F.gaussian_mmd(X * scale, Y * scale, sigma=sigma) == pytest.approx(right, rel=1e-12)


def test_gaussian_mmd_by_differences_is_that_by_products(monkeypatch: pytest.MonkeyPatch) -> None:
    right = F.gaussian_mmd(X, Y, sigma=1)
    monkeypatch.setitem(F.gaussian_mmd.__globals__, "NEAR", 0)
    assert F.gaussian_mmd(X, Y, sigma=1) == pytest.approx(right, rel=1e-10)


@pytest.mark.parametrize(("offset", "scale"), [(0.0, 1.0), (1e7, 1.0), (1.0, 1e-8), (0.0, 1e200)])
def test_ssim_stays_in_its_bounds(offset: float, scale: float) -> None:
    """About any origin, structure is that of the differences; rounding of the images themselves is all that is lost."""
    found = F.ssim(IMAGES * scale + offset, IMAGES * 0.9 * scale + offset, data_range=scale)
    assert ((found > 0.9) & (found <= 1)).all()
    noise = F.ssim(IMAGES * scale + offset, -IMAGES * scale + offset, data_range=scale)
    assert (noise >= -1).all()


def test_images_of_any_size() -> None:
    right = F.psnr(IMAGES, IMAGES * 0.9, data_range=1)
    for scale in (1e-200, 1e200):
        found = F.psnr(IMAGES * scale, IMAGES * 0.9 * scale, data_range=scale)
        torch.testing.assert_close(found, right, rtol=1e-12, atol=0)
    assert F.psnr(IMAGES, IMAGES).eq(torch.inf).all()
    for compare in (F.psnr, F.ssim):
        with pytest.raises(NonFiniteError, match=r"scale them down|give the range"):
            compare(IMAGES * 1.7e308, -IMAGES * 1.7e308)


def test_a_probability_whose_mean_vanishes_counts_as_nothing() -> None:
    assert F.inception_score(np.vstack([[[1, 5e-324]], np.tile([[1.0, 0.0]], (9, 1))]), 1) == (1.0, 0.0)


def test_means_that_are_far_larger_than_deviations() -> None:
    for far in (0.0, 1e170, 1e300):
        assert F.frechet_distance([far, 0], np.diag([0, 1]), [far, 0], np.diag([0, 4])) == pytest.approx(1)
    with pytest.raises(NonFiniteError, match="difference"):
        F.frechet_distance([1.7e308], [[1]], [-1.7e308], [[1]])


@pytest.mark.parametrize("cov", [[[1.0, 5.0], [5.0, 1.0]], [[-1.0, 0.0], [0.0, 2.0]], [[1e300, 5e300], [5e300, 1e300]]])
def test_equal_matrices_that_are_no_covariance_are_refused(cov: Any) -> None:
    with pytest.raises(BadInputError, match="negative eigenvalues"):
        F.frechet_distance([0, 0], cov, [0, 0], cov)


@pytest.mark.parametrize("cov", [np.zeros((2, 2)), np.ones((2, 2)), np.ones((2, 2)) * 1e300, [[1, 0], [0, -1e-6]]])
def test_equal_singular_covariances_have_no_distance(cov: Any) -> None:
    assert F.frechet_distance([3, 4], cov, [3, 4], cov) == 0


def test_a_path_length_error_of_the_largest_numbers() -> None:
    d = np.array([1.0, 1.7, 0.1])
    assert F.path_length_error(d * 1e308) == pytest.approx(F.path_length_error(d) * 1e308)
    with pytest.raises(BadInputError, match=r"one number per sample, \[N\]"):
        F.path_length_error(X)


def test_a_line_through_any_numbers() -> None:
    assert F.extrapolate([1e308, 1.5e308], [1, 4]) == pytest.approx(1e308 / 3 * 5)
    assert F.extrapolate([1.0, 2.0], [1e-320, 1]) == pytest.approx(2)
    with pytest.raises(NonFiniteError, match="beyond float64"):
        F.extrapolate([1e308, 1.7e308, 1.7e308], [1, 2, 3])
    for values, counts in ((1.0, [1, 2]), ([1.0, 2.0], 5), ([1.0, 2.0], [1, np.inf])):
        with pytest.raises(BadInputError, match="as many values as counts"):
            F.extrapolate(values, counts)  # type: ignore[arg-type]


def test_no_subset_is_empty() -> None:
    assert [len(rows) for rows in F.random_subsets(5)] == F.subset_sizes(5)
    assert min(F.subset_sizes(5)) == 1


@pytest.mark.parametrize("matrix", [[[0.5, 0.9], [0.9, 0.5]], [[1.5, 0], [0, -0.5]]])
def test_vendi_refuses_negative_eigenvalues(matrix: Any) -> None:
    with pytest.raises(BadInputError, match="negative eigenvalues"):
        F.vendi_score(matrix)


@pytest.mark.parametrize(
    ("y", "options"),
    [
        (Y[:1], {}),
        (Y, {"num_subsets": 0}),
        (Y, {"num_subsets": 2.5}),
        (Y, {"seed": -1}),
        (Y, {"max_subset_size": None}),
        (Y, {"max_subset_size": "a"}),
        (Y * 1e60, {}),
    ],
)
def test_kernel_distance_error_refuses_what_kernel_distance_does(y: Any, options: dict[str, Any]) -> None:
    with pytest.raises(GanbenchError) as refused:
        F.kernel_distance(X, y, **options)
    with pytest.raises(type(refused.value)) as likewise:
        F.kernel_distance_error(X, y, **options)
    assert str(likewise.value) == str(refused.value)


def test_paths_are_taken_in_the_wider_type_and_checked_in_the_narrower() -> None:
    half = torch.tensor([60000.0]).half()
    with pytest.raises(NonFiniteError, match="float16 can hold"):
        F.lerp(half, -half, -1.0)
    end = torch.tensor([1e300, 1.0], dtype=torch.float64)
    torch.testing.assert_close(F.slerp(torch.ones(2), end, 1.0), torch.tensor([1.0, 0.0]))
    with pytest.raises(NonFiniteError, match="for t"):
        F.slerp(torch.ones(2), torch.tensor([1.0, 0.0]), 1e300)


@pytest.mark.parametrize("filtered", [lambda x: F.translate_fractional(x, 0.03, 0.03), lambda x: F.rotate(x, 0.3)])
def test_filtered_images_beyond_their_type_are_a_sentence(filtered: Callable[[Any], Any]) -> None:
    edges = torch.full((1, 1, 16, 16), 3.4e38)  # beside which a filter overshoots
    edges[..., 8:] *= -1
    with pytest.raises(NonFiniteError, match="float32 can hold"):
        filtered(edges)


@pytest.mark.parametrize(
    "value",
    [None, "10", [1.0], 1j, True, np.array([1.0, 2.0]), ENDLESS, -ENDLESS, 0, np.nan],
    ids=lambda x: type(x).__name__,
)
def test_one_number_is_one_number(value: Any) -> None:
    calls: dict[str, Callable[[Any], Any]] = {
        "sigma": lambda value: F.gaussian_mmd(X, Y, sigma=value),
        "data_range": lambda value: F.ssim(IMAGES, IMAGES, data_range=value),
        "cutoff_in": lambda value: F.affine_lowpass_filter(np.eye(3), amax=3, aflt=4, cutoff_in=value),
    }
    for name, call in calls.items():
        assert np.isfinite(np.sum(np.asarray(call(np.array(1.0)))))
        assert np.isfinite(np.sum(np.asarray(call(torch.tensor([2.0], requires_grad=True)))))
        with pytest.raises(BadInputError, match=f"for {name}"):
            call(value)


def test_endless_numbers_are_a_sentence() -> None:
    calls: list[Callable[[], Any]] = [
        lambda: F.precision_recall(X, Y, ENDLESS),
        lambda: F.draw_subsets(5, 5, 2, 3, ENDLESS),
        lambda: F.moments([[ENDLESS, 1.0]], ddof=0),
        lambda: F.path_length(ENDLESS),  # type: ignore[arg-type]
        lambda: F.moments(X, ddof=torch.tensor(True)),  # type: ignore[arg-type]
    ]
    for call in calls:
        with pytest.raises(BadInputError):
            call()


def test_tensors_of_every_kind_are_taken_or_refused() -> None:
    whole = torch.arange(8.0).reshape(4, 2)
    right = F.moments(whole, ddof=0)[0]
    kinds: list[Any] = [
        *(whole.to(dtype) for dtype in (torch.uint16, torch.uint32, torch.uint64, torch.float8_e4m3fn)),
        [row.requires_grad_() for row in whole.clone()],
        [whole[0].to(torch.float8_e5m2), *whole[1:]],
        torch.complex(whole, -whole).conj().imag,
    ]
    for kind in kinds:
        np.testing.assert_array_equal(F.moments(kind, ddof=0)[0], right)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls them a prototype
        nested = torch.nested.nested_tensor([whole, whole[:2]])
    refused: list[Any] = [
        nested,
        torch.nested.nested_tensor([whole, whole[:2]], layout=torch.jagged),
        [[number.requires_grad_() for number in row] for row in whole.clone()],
        [whole[0], whole[1].to("meta")],
        whole.to_sparse(),
    ]
    for kind in refused:
        with pytest.raises(BadInputError, match="for features"):
            F.moments(kind, ddof=0)


def test_lpips_of_odd_lists() -> None:
    graded = [torch.from_numpy(maps).requires_grad_() for maps in MAPS]
    weights = [torch.ones(maps.shape[1], dtype=torch.uint16) for maps in MAPS]
    torch.testing.assert_close(F.lpips_embedding(graded, weights), F.lpips_embedding(MAPS), rtol=1e-6, atol=1e-7)
    for odd in (5, [5], None):
        with pytest.raises(BadInputError, match="weights"):
            F.lpips_embedding(MAPS, odd if odd else [None, None])  # type: ignore[arg-type, list-item]
    with pytest.raises(BadInputError, match="same images in features, found 2 images and 1"):
        F.lpips_embedding([MAPS[0], MAPS[1][:1]])


def test_a_map_that_is_not_affine_is_refused() -> None:
    with pytest.raises(BadInputError, match="0 0 1 for the last row of matrix"):
        F.affine_transform(IMAGES, [[1, 0, 0], [0, 1, 0], [0.5, 0, 1]])


def test_equivariance_psnr_of_sums_with_a_gradient() -> None:
    assert F.equivariance_psnr(torch.tensor(1.0, requires_grad=True), 4.0) == F.equivariance_psnr(1.0, 4.0)
