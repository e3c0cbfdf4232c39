"""Measuring a generator that is already in memory: in a notebook, or while it trains."""

import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ganbench import registry
from ganbench.benchmarks import Benchmark
from ganbench.data import open_data
from ganbench.engine.cache import Cache
from ganbench.engine.plan import Plan
from ganbench.engine.request import check_ranges, fitted, sized_for
from ganbench.engine.run import Silence, compute, fill
from ganbench.engine.shards import default_batch_size
from ganbench.metrics import Metric, resolve
from ganbench.types import Dataset, LoadedModel


def measure(
    model: Any,
    metrics: Sequence[str | Metric],
    *,
    data: str | Dataset | None = None,
    benchmark: str = "digits",
    seed: int = 0,
    batch_size: int | None = None,
    device: str = "cpu",
) -> dict[str, float]:
    """Return the numbers of a model in memory, by column name; nothing is kept on disk.

    Args:
        model: follows one of the protocols of ``ganbench.types``, on ``device`` and in eval mode.
        metrics: names, such as ``["fid10k", "ppl"]``, or metrics themselves.
        data: reals, or their name or path; None for the benchmark's.
        benchmark: gives extractors and short names.
        seed: of all random streams.
        batch_size: samples in work at once.
        device: where the model is.

    Raises:
        BadInputError: the seed or the batch size is out of range.
        PlanError: with everything that keeps the metrics from being measured.
    """
    check_ranges(seed=seed, batch_size=batch_size)
    protocol: Benchmark = registry.load("benchmarks", benchmark)
    named = [resolve(it, short_names=protocol.short_names) if isinstance(it, str) else it for it in metrics]
    chosen = [fitted(metric, protocol) for metric in named]
    reals = open_data(name) if isinstance(name := data or protocol.data, str) else name
    reals = None if reals is None else sized_for(model, reals)
    # The cache below lives no longer than this call, so the weights need no checksum, only a name of their own.
    subject = LoadedModel(type(model).__name__, model, "in memory", uuid.uuid4().hex, benchmark=benchmark)
    plan = Plan.build(subject, chosen, data=reals, seed=seed, device=device)
    with tempfile.TemporaryDirectory() as folder:
        filled, _ = fill(plan, batch_size or default_batch_size(device), Cache(Path(folder)), Silence())
        return {key: value for metric in chosen for key, value in compute(metric, plan, filled).items()}
