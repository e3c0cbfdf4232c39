"""Measure a model that is already in memory: in a notebook, or while it trains."""

import tempfile
import uuid
import warnings
from pathlib import Path
from typing import Any

from ganbench.engine.cache import Cache
from ganbench.engine.modes import evaluating, own_modes
from ganbench.engine.options import Options
from ganbench.engine.planning import PlannedRun, plan_model, plan_run
from ganbench.engine.results import numbers_of, warnings_of
from ganbench.engine.run import Silence, fill
from ganbench.errors import BadInputError, MeasuringWarning
from ganbench.models.foreign.wrapping import in_memory
from ganbench.types import LoadedModel


def measure(model: Any, metrics: Any, **options: Any) -> dict[str, float]:
    """Return the numbers of a model in memory, by column name; nothing is kept on disk.

    The model is put into eval mode for the measurement, and back into its former mode afterwards.

    Args:
        model: of one of the protocols of ``ganbench.types``, whose images are tensors ``[N, C, H, W]`` in -1..1; or any
            network or function of latents or images, with ``z_dim=``, ``range=``, ``resize=`` and so on where it does
            not say itself; or the name of a model, such as ``images:FOLDER``.
        metrics: names, such as ``["fid10k", "ppl"]`` or ``"fid10k,ppl"``, or metrics themselves.
        options: see ``ganbench.engine.options.Options``: ``data`` (a data set, or its name or path), ``benchmark``
            (``digits`` by default), ``seed``, ``batch_size``, ``device`` (where the model is; ``cpu`` by default) etc.

    Raises:
        BadInputError: an option is unknown, of the wrong type or out of range; or images are not as declared.
        PlanError: listing everything that keeps the metrics from being measured.
    """
    # The plan's model may be a wrapper, whose networks cannot be seen from outside.
    with own_modes(), evaluating(model), tempfile.TemporaryDirectory() as folder:
        planned = planned_in_memory(model, metrics, **options)
        filled, failures, _ = fill(planned.plan, planned.batch_size, Cache(Path(folder)), Silence())
        found = [numbers_of(metric, planned.plan, filled, failures) for metric in planned.plan.metrics]
    for told in warnings_of(planned.plan, filled):
        warnings.warn(told, MeasuringWarning, stacklevel=2)
    return {key: number.value for numbers in found for key, number in numbers.items()}


def planned_in_memory(model: Any, metrics: Any, sha256: str | None = None, **options: Any) -> PlannedRun:
    """Return the plan of a model in memory, or of one by name. Other arguments and errors are those of ``measure``.

    Args:
        model: see ``measure``.
        metrics: see ``measure``.
        sha256: checksum of the weights; by default a unique name, because nothing is cached beyond the call.
        options: see ``measure``.
    """
    given = Options.of(metrics=metrics, **{"benchmark": "digits", "device": "cpu", **options})
    if not given.metrics:
        raise BadInputError("expected at least one metric, found none: name some, such as ['fid10k', 'ppl'].")
    for name in ("nproc",) if isinstance(model, str) else ("weights", "entry", "nproc"):
        if name in options:
            raise BadInputError(f"expected no {name} for a model in memory, found {options[name]!r:.60}: leave it out.")
    if isinstance(model, str):
        return plan_run(model, given)
    resolved = given.resolved()
    with evaluating(model):
        name, taken = in_memory(model, given.interface, resolved.device)
        loaded = LoadedModel(name, taken, "in memory", sha256 or uuid.uuid4().hex)
        return plan_model(loaded, given, resolved)
