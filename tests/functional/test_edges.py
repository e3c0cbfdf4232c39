"""Every function at its edges: the right value or a sentence that names the argument, never a NaN or a raw error."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ganbench import functional as F
from ganbench.errors import BadInputError, GanbenchError, NonFiniteError

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((50, 8)), RNG.standard_normal((50, 8)) * 1.25
IMAGES = torch.from_numpy(RNG.standard_normal((3, 2, 8, 8)))
PROBABILITIES = RNG.dirichlet(np.ones(5), 20)
LABELS = torch.from_numpy(RNG.integers(0, 3, (4, 6)))
MAPS = [torch.from_numpy(RNG.standard_normal((2, 3, 4, 4))), torch.from_numpy(RNG.standard_normal((2, 5, 2, 2)))]

# One call of each function with its first array left open: what holds of all arrays is asked of all functions.
ROWS: dict[str, Callable[[Any], Any]] = {
    "moments": lambda x: F.moments(x, ddof=0),
    "frechet_distance": lambda x: F.frechet_distance(x, np.eye(8), Y[0], np.eye(8)),
    "kernel_distance": lambda x: F.kernel_distance(x, Y, num_subsets=3),
    "precision_recall": lambda x: F.precision_recall(x, Y),
    "density_coverage": lambda x: F.density_coverage(Y, x),
    "inception_score": lambda x: F.inception_score(x, 2),
    "path_length": F.path_length,
    "conditional_entropy": F.conditional_entropy,
    "separability": lambda x: F.separability(x, Y.T[:2], 20),
    "slerp": lambda x: F.slerp(x, Y, 0.3),
    "lerp": lambda x: F.lerp(x, Y, 0.3),
    "translate_integer": lambda x: F.translate_integer(x, 0.3, 0.1)[0],
    "translate_fractional": lambda x: F.translate_fractional(x, 0.3, 0.1)[0],
    "rotate": lambda x: F.rotate(x, 0.3)[0],
    "pseudo_rotate": lambda x: F.pseudo_rotate(x, 0.3)[0],
    "affine_transform": lambda x: F.affine_transform(x, F.rotation_matrix(0.3), amax=6)[0],
    "mean_pairwise_distance": F.mean_pairwise_distance,
    "lpips_distance": lambda x: F.lpips_distance([x], [MAPS[0]]),
    "lpips_embedding": lambda x: F.lpips_embedding([x]),
    "confusion_matrix": lambda x: F.confusion_matrix(x, LABELS, 3),
    "segmentation_scores": F.segmentation_scores,
}
GIVEN: dict[str, Any] = {
    **dict.fromkeys(ROWS, X),
    "frechet_distance": X[0],
    "inception_score": PROBABILITIES,
    "path_length": X[:, 0] ** 2,
    "conditional_entropy": PROBABILITIES,
    **{name: IMAGES.numpy() for name in ROWS if "translate" in name or "rotate" in name or "affine" in name},
    "mean_pairwise_distance": X,
    "lpips_distance": MAPS[0].numpy() * 1.5,
    "lpips_embedding": MAPS[0].numpy(),
    "confusion_matrix": LABELS.numpy()[::-1].copy(),
    "segmentation_scores": RNG.integers(0, 9, (3, 3)),
}


def flat(result: Any) -> np.ndarray:
    parts = result if isinstance(result, tuple) else (result,)
    return np.concatenate([np.ravel(np.asarray(part, dtype=np.float64)) for part in parts])


@pytest.mark.parametrize("name", ROWS)
def test_any_strides_byte_order_and_container(name: str) -> None:
    given = GIVEN[name]
    right = flat(ROWS[name](given))
    axis = given.ndim - 1
    backwards = np.flip(np.flip(given, axis).copy(), axis)
    fixed = given.copy()
    fixed.flags.writeable = False
    swapped = given.astype(given.dtype.newbyteorder(">"))
    for same in (backwards, np.asfortranarray(given), swapped, fixed, given.tolist(), torch.from_numpy(given)):
        np.testing.assert_array_equal(flat(ROWS[name](same)), right)


@pytest.mark.parametrize("name", sorted(set(ROWS) - {"confusion_matrix"}))
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_more(name: str, dtype: torch.dtype) -> None:
    half = torch.from_numpy(GIVEN[name]).to(dtype)
    right = flat(ROWS[name](half.double()))
    got = ROWS[name](half)
    digits = torch.finfo(got.dtype).eps if isinstance(got, Tensor) else 1e-6
    np.testing.assert_allclose(
        flat(got.double() if isinstance(got, Tensor) else got), right, rtol=4 * digits, atol=1e-5
    )


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("bad", [None, "text", [[1, 2], [3]], 3 + 1j, object(), {"a": 1}, [], np.zeros((0, 8))])
def test_another_kind_is_a_sentence(name: str, bad: Any) -> None:
    with pytest.raises(BadInputError) as refused:
        ROWS[name](bad)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize("name", sorted(set(ROWS) - {"confusion_matrix"}))
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_a_sentence(name: str, bad: float) -> None:
    given = GIVEN[name].astype(np.float64)
    given.flat[1] = bad
    with pytest.raises(GanbenchError):
        ROWS[name](given)


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("axes", [0, 1, 3, 5])
def test_another_number_of_axes_is_a_sentence_or_right(name: str, axes: int) -> None:
    try:
        result = flat(ROWS[name](np.full((2,) * axes, 0.5)))
    except BadInputError:
        return
    assert np.isfinite(result).all()


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e-30, 1e30, 1e60, 1e160, 1e300])
@pytest.mark.parametrize("name", sorted(set(ROWS) - {"confusion_matrix", "segmentation_scores"}))
def test_no_scale_gives_a_nan(name: str, scale: float) -> None:
    try:
        result = flat(ROWS[name](GIVEN[name] * scale))
    except GanbenchError:
        return
    assert np.isfinite(result).all()


def test_kernel_distance_needs_two_rows_a_subset() -> None:
    with pytest.raises(BadInputError, match="at least 2 rows in each of the subsets, found 1"):
        F.kernel_distance(X, Y, ([[0]], [[0]]))


def test_kernel_distance_of_an_outlier_is_exact_arithmetic() -> None:
    x, y = X[:6, :2].copy(), Y[:6, :2].copy()
    x[0, 0] = 1e9
    rows = [[[Fraction(v) for v in row] for row in part.tolist()] for part in (x, y)]

    def k(a: list[Fraction], b: list[Fraction]) -> Fraction:
        return (sum(p * q for p, q in zip(a, b, strict=True)) / 2 + 1) ** 3

    pairs = [(i, j) for i in range(6) for j in range(6)]
    within = sum(k(part[i], part[j]) for part in rows for i, j in pairs if i != j) / 30
    right = within - 2 * sum(k(rows[0][i], rows[1][j]) for i, j in pairs) / 36
    assert F.kernel_distance(x, y, (np.arange(6)[None], np.arange(6)[None])) == pytest.approx(float(right), rel=1e-12)


def test_kernel_distance_beyond_float64_is_a_sentence() -> None:
    with pytest.raises(NonFiniteError, match=r"found [0-9]e\+60: scale both"):
        F.kernel_distance(X * 1e60, Y * 1e60)
    wide = F.kernel_distance((X * 1e20).astype(np.float32), (Y * 1e20).astype(np.float32))
    assert wide == pytest.approx(
        F.kernel_distance((X * 1e20).astype(np.float32).astype(float), (Y * 1e20).astype(np.float32))
    )


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"seed": 1.5}, "seed"),
        ({"seed": True}, "seed"),
        ({"seed": -1}, "seed"),
        ({"seed": "1"}, "seed"),
        ({"num_subsets": 2.0}, "num_subsets"),
        ({"num_subsets": 10**9}, "num_subsets"),
        ({"max_subset_size": None}, "max_subset_size"),
        ({"subsets": 5}, "subsets"),
        ({"subsets": ([[0.0, 1.0]], [[0.0, 1.0]])}, "subsets"),
        ({"subsets": (None, None)}, "subsets"),
    ],
)
def test_kernel_distance_names_the_argument(options: dict[str, Any], name: str) -> None:
    with pytest.raises(BadInputError, match=name):
        F.kernel_distance(X, Y, **options)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("lengths", [(1e-30, 1e-30), (1e19, 1e19), (1e-40, 1e38), (1e-12, 1e15), (3.0, 1e30)])
def test_slerp_does_not_depend_on_lengths(lengths: tuple[float, float], dtype: torch.dtype) -> None:
    a, b = (torch.from_numpy(x[:, :5]).to(dtype) for x in (X, Y))
    right = F.slerp(a, b, 0.3)
    got = F.slerp(a * lengths[0], b * lengths[1], 0.3)
    digits = 1e-3 if dtype == torch.float32 and min(lengths) < 1e-37 else 8 * torch.finfo(dtype).eps
    torch.testing.assert_close(got, right, rtol=digits, atol=digits)


@pytest.mark.parametrize("angle", [1e-12, 1e-6, 1e-3, 0.3, 1.0, 2.0, 3.0, np.pi - 1e-3, np.pi - 1e-6])
def test_slerp_divides_every_angle(angle: float) -> None:
    a, b = (torch.tensor([[np.cos(t), np.sin(t), 0]], dtype=torch.float64) for t in (0.2, 0.2 + angle))
    for t in (0.0, 0.25, 0.5, 1.0):
        right = torch.tensor([[np.cos(0.2 + t * angle), np.sin(0.2 + t * angle), 0]], dtype=torch.float64)
        torch.testing.assert_close(F.slerp(a, b, t), right, rtol=0, atol=1e-15 + 1e-15 / (np.pi - angle))


def test_slerp_of_parallel_vectors_stays_and_of_opposite_ones_is_a_sentence() -> None:
    a = torch.from_numpy(X)
    torch.testing.assert_close(F.slerp(a, 3 * a, 0.3), a / a.norm(dim=1, keepdim=True), rtol=0, atol=1e-15)
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        with pytest.raises(BadInputError, match="opposite"):
            F.slerp(a.to(dtype), -2 * a.to(dtype), 0.5)
    with pytest.raises(BadInputError, match="for b, found one of length 0"):
        F.slerp(torch.ones(2, 3), torch.tensor([[1.0, 0, 0], [0, 0, 0]]), 0.5)


@pytest.mark.parametrize("t", [float("nan"), float("inf"), "half", None, torch.zeros(4), torch.zeros(50, 8, 1)])
def test_paths_refuse_other_positions(t: Any) -> None:
    for path in (F.slerp, F.lerp):
        with pytest.raises(GanbenchError, match=r"\bt\b"):
            path(X, Y, t)


def test_lerp_beyond_its_dtype_is_a_sentence() -> None:
    with pytest.raises(NonFiniteError, match="float32 can hold"):
        F.lerp(torch.full((1, 2), 3e38), torch.full((1, 2), -3e38), 0.5)


@pytest.mark.parametrize("scale", [1e-320, 1e-200, 5e307, 2.0**1000])
def test_conditional_entropy_does_not_depend_on_the_number_counted(scale: float) -> None:
    table = np.array([[1.0, 2], [2, 1]])
    assert F.conditional_entropy(table * scale) == pytest.approx(F.conditional_entropy(table), rel=1e-3)


def test_path_length_of_the_largest_numbers() -> None:
    assert F.path_length(np.full(10, 1e308)) == pytest.approx(1e308, rel=1e-15)
    assert F.path_length(np.full(10, 5e-324)) == 5e-324
    assert F.path_length(np.array([1.7e308, -1.7e308])) == 0


def test_separability_of_odd_numbers() -> None:
    logits = np.array([[1e300, -1e300, 5, -5] * 10])
    latents = np.sign(logits.T) + RNG.standard_normal((40, 1)) * 0.1
    assert F.separability(latents, logits, 40) == pytest.approx(1)
    with pytest.raises(BadInputError, match="expected latents up to 1e"):
        F.separability(latents * 1e20, logits, 40)
    for wrong in (0, 2.5, True, "10"):
        with pytest.raises(BadInputError, match="num_keep"):
            F.separability(latents, logits, wrong)


def test_psnr_at_the_ends_of_float64() -> None:
    assert F.equivariance_psnr(5e-324, 1e300) == pytest.approx(20 * np.log10(2) + 10 * (300 - np.log10(5e-324)))
    assert F.equivariance_psnr(1e308, 1e-300) == pytest.approx(20 * np.log10(2) - 6080)
    assert F.equivariance_psnr(torch.tensor(1.0), np.float32(4)) == F.equivariance_psnr(1.0, 4.0)
    for range_ in (0, -2.0, float("nan"), "two", None):
        with pytest.raises(GanbenchError, match="peak_to_peak"):
            F.equivariance_psnr(1.0, 4.0, range_)


@pytest.mark.parametrize("t", [1e10, -1e300, 1e308])
def test_a_shift_beyond_everything_leaves_nothing(t: float) -> None:
    for translate in (F.translate_integer, F.translate_fractional):
        image, mask = translate(IMAGES, t, 0.0)
        assert not image.any()
        assert not mask.any()


@pytest.mark.parametrize("a", [0, 65, 2.5, True, None])
def test_filters_refuse_other_sizes(a: Any) -> None:
    calls = (
        lambda: F.translate_fractional(IMAGES, 0.1, 0.1, a=a),
        lambda: F.rotate(IMAGES, 0.1, a=a),
        lambda: F.pseudo_rotate(IMAGES, 0.1, a=a),
        lambda: F.affine_lowpass_filter(np.eye(3), a=a),
    )
    for call in calls:
        with pytest.raises(BadInputError, match="for a, found"):
            call()


@pytest.mark.parametrize("matrix", [np.zeros((3, 3)), np.ones((3, 3)), np.eye(2), np.eye(3) * np.nan, None, "up"])
def test_affine_transform_refuses_other_matrices(matrix: Any) -> None:
    with pytest.raises(BadInputError, match="matrix"):
        F.affine_transform(IMAGES, matrix)


def test_lpips_of_large_features_is_that_of_small_ones() -> None:
    for epsilon in ("outside", "inside"):
        large = F.lpips_distance(
            [m.float() * 1e25 for m in MAPS], [m.float().flip(0) * 1e30 for m in MAPS], epsilon=epsilon
        )
        right = F.lpips_distance([m * 1e5 for m in MAPS], [m.flip(0) * 1e5 for m in MAPS], epsilon=epsilon)
        torch.testing.assert_close(large.double(), right, rtol=1e-5, atol=0)


@pytest.mark.parametrize("weights", [[torch.ones(3)] * 2, [torch.ones(3), -torch.ones(5)], [None, None]])
def test_lpips_refuses_other_weights(weights: Any) -> None:
    for call in (lambda: F.lpips_embedding(MAPS, weights), lambda: F.lpips_distance(MAPS, MAPS, weights)):
        with pytest.raises(BadInputError, match="weights"):
            call()


def test_segmentations_refuse_other_classes() -> None:
    with pytest.raises(BadInputError, match=r"torch\.float32"):
        F.confusion_matrix(LABELS.float(), LABELS, 3)
    for count in (0, 1.5, True, 10**9):
        with pytest.raises(BadInputError, match="num_classes"):
            F.confusion_matrix(LABELS, LABELS, count)
    byte = torch.tensor([0, 255], dtype=torch.uint8)
    with pytest.raises(BadInputError, match="found 255"):
        F.confusion_matrix(byte, byte, 3, ignore_label=-1)
    with pytest.raises(BadInputError, match=r"found -1\.0"):
        F.segmentation_scores(np.array([[2, -1], [0, 3]]))
