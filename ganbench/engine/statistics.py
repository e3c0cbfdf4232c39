"""Statistics of the features of real images, computed as a run computes them and from the same cache."""

from ganbench.engine.cache import Cache
from ganbench.engine.plan import Pass, Plan, Query
from ganbench.engine.run import Reporter, Silence, fill
from ganbench.errors import BadInputError
from ganbench.extractors.opening import open_extractor
from ganbench.inputs import Context, Features, Moments, Reals
from ganbench.types import Dataset, LoadedModel, Statistics


def compute_statistics(
    data: Dataset,
    extractor: str,
    *,
    count: int | None = None,
    ddof: int = 1,
    batch_size: int,
    device: str = "cpu",
    reporter: Reporter | None = None,
) -> Statistics:
    """Return mean and covariance of an extractor's ``features`` of real images.

    Args:
        data: the images.
        extractor: by name.
        count: number of images, from the first on; None for all.
        ddof: the covariance is divided by ``count - ddof``.
        batch_size: images in work at once.
        device: such as ``cpu`` or ``cuda``.
        reporter: is told how far it is.

    Raises:
        BadInputError: there are fewer than two images, or the extractor does not take them.
    """
    network = open_extractor(extractor).to(device)
    have = min(len(data), count or len(data))
    if have < 2:
        raise BadInputError(f"expected at least two images, found {have} in {data.name}: name more with --data.")
    context = Context(None, "", data, {extractor: network}, 0, device)
    query = Query(Features(extractor), Moments, have)
    plan = Plan(LoadedModel("reals", None, "none", ""), context, (), (Pass(Reals(), (query,)),))
    filled, failures, _ = fill(plan, batch_size, Cache(), reporter or Silence())
    for error in failures.values():
        raise error
    moments = filled[Reals(), query]
    assert isinstance(moments, Moments)
    mean, covariance = moments.mean_cov(ddof)
    return Statistics(
        *(data.name, data.name, mean, covariance, data.fingerprint, have, ddof, len(data)),
        extractor=network.name,
        extractor_sha256=network.sha256,
    )
