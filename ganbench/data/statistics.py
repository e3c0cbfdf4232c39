"""Files of feature statistics: npz with ``mu`` and ``sigma``, and the pickles of NVlabs' metric cache."""

import hashlib
import pickle
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganbench.data.npz import Npz, to_npz
from ganbench.errors import BadInputError
from ganbench.types import Statistics

Array = NDArray[np.float64]

LARGEST = 8192  # features; a covariance of more would take over half a gigabyte
ASYMMETRY = 1e-6  # of an entry, relative to the largest, from storage in float32
NEGATIVITY = 1e-4  # of an eigenvalue, relative to the largest variance, from storage in float32
CANCELLATION = 1e-11  # of an eigenvalue, relative to the squared mean, from subtracting raw moments
PART = 4096  # images whose features are in float64 at once
SAY = "give an npz with mu and sigma, or a pickle of NVlabs' metric cache"


def is_pickle(path: Path) -> bool:
    """Return whether a file is a pickle, of which only those of NVlabs' metric cache are read."""
    try:
        with path.open("rb") as file:
            return file.read(1) == b"\x80"
    except OSError:
        return False


def read_statistics(path: Path) -> Statistics:
    """Return the statistics in a file of any of the known programs; no code in it is run.

    Raises:
        BadInputError: the file does not hold one mean and one valid covariance.
    """
    return _of_pickle(path) if is_pickle(path) else statistics_in(Npz(path))


def to_file(statistics: Statistics, version: str) -> bytes:
    """Return an npz file of ``arrays_of``."""
    return to_npz(arrays_of(statistics, version))


def arrays_of(statistics: Statistics, version: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file: ``mu`` and ``sigma``, as all tools read them, and everything else that is known.

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
    return moments(s) | {name: np.array(value) for name, value in known.items() if value is not None}


def moments(statistics: Statistics) -> dict[str, Array]:
    """Return ``mu`` and ``sigma``, and ``mu_s`` and ``sigma_s`` of spatial features where there are any."""
    found = {"mu": statistics.mean, "sigma": statistics.covariance}
    if (spatial := statistics.spatial) is not None:
        found |= {"mu_s": spatial.mean, "sigma_s": spatial.covariance}
    return found


def to_plain(statistics: Statistics) -> bytes:
    """Return an npz file with ``mu`` and ``sigma`` alone, by ``unbiased``."""
    plain = unbiased(statistics)
    return to_npz({"mu": plain.mean, "sigma": plain.covariance})


def unbiased(statistics: Statistics) -> Statistics:
    """Return statistics whose covariances are divided by N - 1, where N is known, as numpy's are."""
    count, spatial = statistics.count, statistics.spatial
    if count is None or statistics.ddof != 0:
        return statistics
    return replace(
        statistics,
        covariance=statistics.covariance * (count / (count - 1)),
        ddof=1,
        spatial=spatial and unbiased(spatial),
    )


def to_metric_cache(statistics: Statistics) -> bytes:
    """Return a pickle of raw moments, and of features if known, for ``FeatureStats.load`` of StyleGAN2-ADA and 3.

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
    features = statistics.features
    content = {
        **{"capture_all": features is not None, "capture_mean_cov": True, "max_items": count, "num_items": count},
        **{"num_features": len(mean), "all_features": None if features is None else [features]},
        **{"raw_mean": mean * count, "raw_cov": (covariance + np.outer(mean, mean)) * count},
    }
    # Those programs run with numpy 1, whose internals are in numpy.core; protocol 2 writes names as lines of text.
    return pickle.dumps(content, protocol=2).replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


def sha256_of(*arrays: Array) -> str:
    """Return the sha256 over means and covariances as little-endian float64."""
    content = hashlib.sha256()
    for array in arrays:
        content.update(np.ascontiguousarray(array, "<f8").tobytes())
    return content.hexdigest()


def statistics_in(npz: Npz) -> Statistics:
    """Return the statistics in an npz file: ``mu`` and ``sigma``, and ADM's ``mu_s`` and ``sigma_s`` if there are any.

    Raises:
        BadInputError: as ``read_statistics``.
    """
    found = _moments_in(npz, "mu", "sigma")
    if "mu_s" in npz or "sigma_s" in npz:
        spatial = replace(_moments_in(npz, "mu_s", "sigma_s"), layer="spatial")
        fingerprint = sha256_of(found.mean, found.covariance, spatial.mean, spatial.covariance)
        found = replace(found, fingerprint=fingerprint, spatial=replace(spatial, fingerprint=fingerprint))
    try:
        return _with_our_words(found, npz)
    except (ValueError, TypeError) as error:
        raise BadInputError(
            f"expected {npz.path} as ganbench wrote it, found {error!s:.100}: compute it again."
        ) from error


def _moments_in(npz: Npz, mean: str, covariance: str) -> Statistics:
    lacking = [name for name in (mean, covariance) if name not in npz]
    if lacking:
        found = ", ".join(npz.names)[:100] or "no arrays"
        raise BadInputError(f"expected the array {lacking[0]}, found {found}: {npz.path}; {SAY}.")
    for name, dimensions in ((mean, 1), (covariance, 2)):
        shape = npz.header(name).shape
        if len(shape) != dimensions or not 0 < max(shape) <= LARGEST:
            raise BadInputError(
                f"expected up to {LARGEST:,} features, found {name} of shape {shape}: {npz.path}; {SAY}."
            )
    return _checked(npz.read(mean), npz.read(covariance), npz.path)


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
    shared: dict[str, Any] = {
        **{"name": words.get("data", found.name), "fingerprint": fingerprint},
        **{"count": count, "ddof": ddof, "total": total, "resize": words.get("resize")},
        **{name: words.get(name) for name in ("extractor", "extractor_sha256")},
    }
    spatial = found.spatial and replace(found.spatial, **shared)
    return replace(found, **shared, layer=words.get("layer", found.layer), spatial=spatial)


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
    """Return the statistics of a ``FeatureStats`` of StyleGAN2-ADA and StyleGAN3: raw moments over N, or all features.

    A file for KID or precision and recall has features alone; its moments are then zeros, and are not read.
    """
    from ganbench.checkpoints import read_pickle

    content = read_pickle(path)
    if not isinstance(content, dict) or not {"num_items", "raw_mean", "raw_cov"} <= content.keys():
        raise BadInputError(f"expected num_items, raw_mean and raw_cov, found something else: {path}; {SAY}.")
    count = content["num_items"]
    if type(count) is not int or not 2 <= count < 2**53:
        raise BadInputError(f"expected a number of images, found num_items {count!r:.40}: {path}; {SAY}.")
    parts = content.get("all_features")
    none = parts is None or (isinstance(parts, list) and not parts)
    features = None if none else _features_in(parts, count, path)
    if content.get("capture_mean_cov", True):
        mean, covariance = _raw_moments(content, count, path)
    elif features is not None:
        mean, covariance = _moments_of(features)
    else:
        raise BadInputError(f"expected moments or features of images, found neither: {path}; {SAY}.")
    return replace(_checked(mean, covariance, path), count=count, ddof=0, features=features)


def _raw_moments(content: dict[str, Any], count: int, path: Path) -> tuple[Array, Array]:
    raw_mean, raw_cov = content["raw_mean"], content["raw_cov"]
    if not isinstance(raw_mean, np.ndarray) or not isinstance(raw_cov, np.ndarray):
        raise BadInputError(f"expected the moments raw_mean and raw_cov, found none: {path}; {SAY}.")
    shapes = raw_mean.ndim == 1 and raw_cov.shape == 2 * raw_mean.shape
    if not shapes or raw_mean.dtype.kind != "f" or not 0 < len(raw_mean) <= LARGEST:
        raise BadInputError(f"expected moments [D] and [D, D], found other shapes: {path}; {SAY}.")
    mean = raw_mean.astype(np.float64) / count
    return mean, raw_cov.astype(np.float64) / count - np.outer(mean, mean)


def _features_in(parts: Any, count: int, path: Path) -> NDArray[np.float32]:
    if not isinstance(parts, list) or not all(isinstance(part, np.ndarray) and part.ndim == 2 for part in parts):
        raise BadInputError(f"expected all_features as a list of arrays [N, D], found something else: {path}; {SAY}.")
    widths, found = {part.shape[1] for part in parts}, sum(len(part) for part in parts)
    if len(widths) > 1 or not 0 < max(widths) <= LARGEST or found != count or any(p.dtype.kind != "f" for p in parts):
        raise BadInputError(
            f"expected float features of {count:,} images, found {found:,} of width {sorted(widths)}: {path}; {SAY}."
        )
    with np.errstate(over="ignore"):  # a number beyond float32 becomes an infinity, which is refused
        features = np.concatenate(parts).astype(np.float32, copy=False)
    if not np.isfinite(features).all():
        raise BadInputError(f"expected finite features, found a NaN or an infinity: {path}; compute it again.")
    return features


def _moments_of(features: NDArray[np.float32]) -> tuple[Array, Array]:
    """Return mean and covariance over N, in parts that fit into memory as float64."""
    mean = features.mean(0, dtype=np.float64)
    covariance = np.zeros(2 * mean.shape)
    for start in range(0, len(features), PART):
        centred = features[start : start + PART] - mean
        covariance += centred.T @ centred
    return mean, covariance / len(features)


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
