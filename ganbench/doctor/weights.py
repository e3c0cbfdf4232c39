"""Checks of the weights: whether the model's and the extractors' are here and can be read."""

from collections.abc import Iterable

from ganbench.benchmarks import Benchmark
from ganbench.doctor.finding import Finding, Level
from ganbench.engine.options import Options
from ganbench.engine.plan import extractors_of
from ganbench.errors import GanbenchError, MissingWeightsError
from ganbench.extractors.opening import open_extractor, without_fetching
from ganbench.metrics import resolve
from ganbench.models.base import open_model
from ganbench.types import LoadedModel


def examine_weights(
    model: str | None, options: Options, benchmark: Benchmark | None
) -> tuple[list[Finding], LoadedModel | None]:
    """Return findings on the weights of a model and of a benchmark's extractors, and the model if it could be read.

    Nothing is fetched.
    """
    found, loaded = _model(model, options) if model else ([], None)
    return [*found, *_extractors(_names(benchmark) if benchmark else ())], loaded


def _model(name: str, options: Options) -> tuple[list[Finding], LoadedModel | None]:
    try:
        with without_fetching():
            loaded = open_model(name, options.weights, "cpu", options.entry, options.interface)
    except MissingWeightsError as error:
        return [Finding("model", Level.NOTE, f"a run would fetch it first: {error}")], None
    except GanbenchError as error:
        return [Finding("model", Level.STOP, str(error))], None
    told = f"{loaded.name}, weights {loaded.weights}, sha256 {loaded.sha256[:16]}"
    return [Finding("model", Level.NOTE if loaded.embedded else Level.GOOD, loaded.note or told)], loaded


def _names(benchmark: Benchmark) -> Iterable[str]:
    metrics = [resolve(name, short_names=benchmark.short_names) for name in benchmark.metrics]
    named = dict.fromkeys(name for metric in metrics for name in extractors_of(metric))
    return dict.fromkeys(benchmark.extractors.get(name, name) for name in named)


def _extractors(names: Iterable[str]) -> list[Finding]:
    found = []
    for name in names:
        try:
            with without_fetching():
                sha256 = open_extractor(name).sha256
        except MissingWeightsError as error:
            found.append(Finding(f"extractor {name}", Level.NOTE, f"a run would fetch it first: {error}"))
        except GanbenchError as error:
            found.append(Finding(f"extractor {name}", Level.STOP, str(error)))
        else:
            found.append(Finding(f"extractor {name}", Level.GOOD, f"here, sha256 {sha256[:16]}"))
    return found
