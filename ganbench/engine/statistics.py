"""Statistics of features of real images, computed as in a run and with the same cache."""

from dataclasses import replace

from ganbench.engine.cache import Cache
from ganbench.engine.plan import Pass, Plan, Query
from ganbench.engine.run import Reporter, Silence, fill
from ganbench.errors import BadInputError
from ganbench.extractors.opening import open_extractor
from ganbench.inputs import Context, Features, Moments, Reals
from ganbench.types import Dataset, LoadedModel, Statistics


def compute_statistics(
    data: Dataset,
    view: Features,
    *,
    count: int | None = None,
    ddof: int = 1,
    spatial: bool = False,
    batch_size: int,
    device: str = "cpu",
    reporter: Reporter | None = None,
) -> Statistics:
    """Return mean ``[D]`` and covariance ``[D, D]``, both float64, of features of real images.

    Args:
        data: the images.
        view: the features: extractor, layer and resizing.
        count: number of images, from the first on; None for all.
        ddof: the covariance divides by ``count - ddof``.
        spatial: whether to add statistics of the extractor's ``spatial`` features, for sFID.
        batch_size: number of images in work at once.
        device: such as ``cpu`` or ``cuda``.
        reporter: receives the progress.

    Raises:
        BadInputError: there are fewer than two images, or the extractor does not accept them or lacks the layer.
    """
    network = open_extractor(view.extractor).to(device)
    have = min(len(data), count or len(data))
    if have < 2:
        few = f"{have} in {data.name}: name more with --data" if len(data) < 2 else f"--count {count}: take more"
        raise BadInputError(f"expected at least two images, found {few}.")
    context = Context(None, "", data, {view.extractor: network}, 0, device)
    views = (view, replace(view, layer="spatial")) if spatial else (view,)
    for problem in (problem for each in views for problem in each.problems(context)):
        raise BadInputError(f"{view.extractor}: {problem}")
    queries = tuple(Query(each, Moments, have) for each in views)
    plan = Plan(LoadedModel("reals", None, "none", ""), context, (), (Pass(Reals(), queries),))
    filled, failures, _ = fill(plan, batch_size, Cache(), reporter or Silence())
    for error in failures.values():
        raise error
    made = []
    for each, query in zip(views, queries, strict=True):
        moments = filled[Reals(), query]
        assert isinstance(moments, Moments)
        mean, covariance = moments.mean_cov(ddof)
        made.append(
            Statistics(
                *(data.name, data.name, mean, covariance, data.fingerprint, have, ddof, len(data)),
                extractor=network.name,
                extractor_sha256=network.sha256,
                layer=each.layer,
                resize=view.resize,
            )
        )
    return replace(made[0], spatial=made[1] if spatial else None)
