"""Files of feature statistics: npz with ``mu`` and ``sigma``, and the pickles of NVlabs' metric cache."""

import hashlib
import pickle
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganbench.data.npz import IMAGES, Npz, to_npz
from ganbench.errors import BadInputError
from ganbench.types import Statistics

Array = NDArray[np.float64]

LARGEST = 8192  # features; a covariance of more would take over half a gigabyte
ASYMMETRY = 1e-6  # of an entry, relative to the largest, from storage in float32
NEGATIVITY = 1e-4  # of an eigenvalue, relative to the largest variance, from storage in float32
CANCELLATION = 1e-11  # of an eigenvalue, relative to the squared mean, from subtracting raw moments
SAY = "give an npz with mu and sigma, or a pickle of NVlabs' metric cache"


def is_statistics(path: Path) -> bool:
    """Return whether a file is treated as statistics: a pickle, or an npz file without images."""
    try:
        with path.open("rb") as file:
            pickled = file.read(1) == b"\x80"
    except OSError:
        return False
    return pickled or (path.suffix == ".npz" and not has_images(path))


def has_images(path: Path) -> bool:
    """Return whether an npz file has an array of images; see ``ganbench.data.array_images``."""
    try:
        arrays = Npz(path)
    except BadInputError:
        return False  # reading it as images raises the error
    return any(name in arrays for name in IMAGES)


def read_statistics(path: Path) -> Statistics:
    """Return the statistics in a file of any of the known programs; no code in it is run.

    Raises:
        BadInputError: the file does not hold one mean and one valid covariance.
    """
    with path.open("rb") as file:
        pickled = file.read(1) == b"\x80"
    return _of_pickle(path) if pickled else _of_npz(path)


def to_file(statistics: Statistics, version: str) -> bytes:
    """Return an npz file with ``mu`` and ``sigma``, as all tools read them, and everything else that is known.

    Args:
        statistics: to write, unchanged.
        version: of ganbench.
    """
    s = statistics
    known: dict[str, Any] = {"n": s.count, "extractor": s.extractor, "extractor_sha256": s.extractor_sha256}
    if s.count is not None:
        known |= {"ddof": s.ddof}
    if s.total is not None:  # only then is the fingerprint that of the images
        known |= {"data": s.name, "data_fingerprint": s.fingerprint, "data_count": s.total}
    known |= {"layer": s.layer, "resize": s.resize, "ganbench": version}
    extra = {name: np.array(value) for name, value in known.items() if value is not None}
    return to_npz({"mu": s.mean, "sigma": s.covariance, **extra})


def to_plain(statistics: Statistics) -> bytes:
    """Return an npz file with ``mu`` and ``sigma`` alone; the divisor is N - 1 if N is known."""
    count, covariance = statistics.count, statistics.covariance
    if count is not None and statistics.ddof == 0:
        covariance = covariance * (count / (count - 1))
    return to_npz({"mu": statistics.mean, "sigma": covariance})


def to_metric_cache(statistics: Statistics) -> bytes:
    """Return a pickle of raw moments for ``FeatureStats.load`` of StyleGAN2-ADA and StyleGAN3.

    Raises:
        BadInputError: the number of images is not known.
    """
    count, mean = statistics.count, statistics.mean
    if count is None:
        raise BadInputError(
            f"expected statistics of a known number of images, found none in {statistics.file}: give it with "
            "`ganbench stats import --count N`."
        )
    covariance = statistics.covariance * ((count - statistics.ddof) / count)
    content = {
        **{"capture_all": False, "capture_mean_cov": True, "max_items": count, "num_items": count},
        **{"num_features": len(mean), "all_features": None},
        **{"raw_mean": mean * count, "raw_cov": (covariance + np.outer(mean, mean)) * count},
    }
    # Those programs run with numpy 1, whose internals are in numpy.core; protocol 2 writes names as lines of text.
    return pickle.dumps(content, protocol=2).replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


def sha256_of(mean: Array, covariance: Array) -> str:
    """Return the sha256 over a mean and a covariance as little-endian float64."""
    content = hashlib.sha256()
    for array in (mean, covariance):
        content.update(np.ascontiguousarray(array, "<f8").tobytes())
    return content.hexdigest()


def _of_npz(path: Path) -> Statistics:
    npz = Npz(path)
    lacking = [name for name in ("mu", "sigma") if name not in npz]
    if lacking:
        found = ", ".join(npz.names)[:100] or "no arrays"
        raise BadInputError(f"expected the array {lacking[0]}, found {found}: {path}; {SAY}.")
    for name in ("mu", "sigma"):
        shape = npz.header(name).shape
        if len(shape) != (1 if name == "mu" else 2) or not 0 < max(shape) <= LARGEST:
            raise BadInputError(f"expected up to {LARGEST:,} features, found {name} of shape {shape}: {path}; {SAY}.")
    moments = _checked(npz.read("mu"), npz.read("sigma"), path)
    try:
        return _with_our_words(moments, npz)
    except (ValueError, TypeError) as error:
        raise BadInputError(f"expected {path} as ganbench wrote it, found {error!s:.100}: compute it again.") from error


def _with_our_words(found: Statistics, npz: Npz) -> Statistics:
    """Return statistics with the other values of a file that ganbench wrote.

    Raises:
        ValueError: a value is invalid or contradicts another.
    """
    words = {name: _word(npz, name) for name in OUR_WORDS if name in npz}
    count, ddof, total = words.get("n"), words.get("ddof", 1), words.get("data_count")
    fingerprint = words.get("data_fingerprint", found.fingerprint)
    if (count is not None and not 2 <= count <= (total or count)) or ddof not in (0, 1):
        raise ValueError(f"{count} of {total} images with ddof {ddof}")
    if not re.fullmatch("[0-9a-f]{64}", fingerprint):
        raise ValueError(f"the fingerprint {fingerprint!r:.40}")
    return replace(
        found,
        name=words.get("data", found.name),
        fingerprint=fingerprint,
        count=count,
        ddof=ddof,
        total=total,
        extractor=words.get("extractor"),
        extractor_sha256=words.get("extractor_sha256"),
        layer=words.get("layer", found.layer),
        resize=words.get("resize"),
    )


OUR_WORDS = {
    **dict.fromkeys(("n", "ddof", "data_count"), "i"),
    **dict.fromkeys(("extractor", "extractor_sha256", "layer", "resize", "data", "data_fingerprint"), "U"),
}


def _word(npz: Npz, name: str) -> Any:
    header = npz.header(name)
    if header.shape or header.dtype.kind != OUR_WORDS[name] or header.nbytes > 2**17:
        raise ValueError(f"{name} of shape {header.shape} and type {header.dtype!s:.20}")
    return npz.read(name).item()


def _of_pickle(path: Path) -> Statistics:
    """Return the statistics of a ``FeatureStats`` of StyleGAN2-ADA and StyleGAN3: raw moments, divided by N."""
    from ganbench.checkpoints import read_pickle

    content = read_pickle(path)
    if not isinstance(content, dict) or not {"num_items", "raw_mean", "raw_cov"} <= content.keys():
        raise BadInputError(f"expected num_items, raw_mean and raw_cov, found something else: {path}; {SAY}.")
    count, raw_mean, raw_cov = (content[name] for name in ("num_items", "raw_mean", "raw_cov"))
    if type(count) is not int or not 2 <= count < 2**53:
        raise BadInputError(f"expected a number of images, found num_items {count!r:.40}: {path}; {SAY}.")
    if not isinstance(raw_mean, np.ndarray) or not isinstance(raw_cov, np.ndarray):
        raise BadInputError(f"expected the moments raw_mean and raw_cov, found none: {path}; {SAY}.")
    if raw_mean.ndim != 1 or raw_cov.shape != 2 * raw_mean.shape or raw_mean.dtype.kind != "f" or len(raw_mean) > 8192:
        raise BadInputError(f"expected moments [D] and [D, D], found other shapes: {path}; {SAY}.")
    mean = raw_mean.astype(np.float64) / count
    covariance = raw_cov.astype(np.float64) / count - np.outer(mean, mean)
    return replace(_checked(mean, covariance, path), count=count, ddof=0)


def _checked(mean: NDArray[Any], covariance: NDArray[Any], path: Path) -> Statistics:
    """Return statistics of a mean and a covariance, both checked.

    Raises:
        BadInputError: their shapes do not match, or they cannot be moments of features.
    """
    if covariance.shape != 2 * mean.shape or mean.dtype.kind != "f" or covariance.dtype.kind != "f":
        shapes = f"{mean.dtype} {list(mean.shape)} and {covariance.dtype} {list(covariance.shape)}"
        raise BadInputError(f"expected float mean [D] and covariance [D, D], found {shapes}: {path}; {SAY}.")
    mean, covariance = mean.astype(np.float64), covariance.astype(np.float64)
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise BadInputError(f"expected finite moments, found a NaN or an infinity: {path}; compute it again.")
    largest = float(np.abs(covariance).max())
    if np.abs(covariance - covariance.T).max() > ASYMMETRY * largest:
        raise BadInputError(f"expected a symmetric covariance, found an asymmetric one: {path}; compute it again.")
    if largest and not _is_semidefinite(mean, covariance / largest, largest):
        raise BadInputError(f"expected a covariance without negative eigenvalues, found one: {path}; compute it again.")
    return Statistics(path.name, path.name, mean, covariance, sha256_of(mean, covariance))


def _is_semidefinite(mean: Array, covariance: Array, unit: float) -> bool:
    """Return whether no eigenvalue is below zero by more than rounding.

    Cholesky succeeds exactly if all eigenvalues of the shifted matrix are positive, and is ten times as fast as them.
    """
    allowed = NEGATIVITY * covariance.diagonal().max() + CANCELLATION * float(np.square(mean / unit**0.5).sum())
    try:
        np.linalg.cholesky(covariance + max(allowed, 0.0) * np.eye(len(covariance)))
    except np.linalg.LinAlgError:
        return False
    return True
