"""Tables of a benchmark: its protocol, and its published numbers as in the papers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from rich.console import RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table

from ganbench.benchmarks import Benchmark, Published
from ganbench.cli.console import Terminal
from ganbench.cli.output import say
from ganbench.engine.options import Options
from ganbench.engine.plan import extractors_of
from ganbench.engine.planning import metrics_of
from ganbench.errors import GanbenchError
from ganbench.metrics import Metric, resolve
from ganbench.records.keys import title

INDENT = 2
PARTS = ("", "_z", "_w", "_precision", "_recall")  # of metrics with several numbers


def show_benchmark(console: Terminal, benchmark: Benchmark, everything: bool) -> None:
    """Print a benchmark's protocol and its published numbers.

    Args:
        console: to print on, within its width.
        benchmark: to show.
        everything: whether to show numbers of low confidence, too.
    """
    for line in header(benchmark):
        _print(console, line)
    _print(console, protocol_table(metrics_of(Options(), benchmark)[0]))
    shown = [row for row in benchmark.published if everything or row.confidence != "low"]
    for source, rows in _by_source(shown).items():
        _print(console, f"{source}:")
        table = published_table(rows)
        fits = Measurement.get(console, console.options, table).maximum + INDENT <= console.width
        _print(console, table if fits else published_list(rows))
    if hidden := len(benchmark.published) - len(shown):
        _print(console, f"{hidden} published numbers of low confidence are left out: --all shows them.")


def _print(console: Terminal, what: RenderableType) -> None:
    """Print something indented, without trailing blanks."""
    with console.capture() as captured:
        console.print(Padding(what, (0, 0, 0, INDENT), expand=False))
    for line in captured.get().splitlines():
        say(line.rstrip())


def header(benchmark: Benchmark) -> Iterator[str]:
    """Yield paper, version and data, and how the benchmark varies its metrics."""
    if benchmark.paper:
        yield benchmark.paper
    told = [f"version {benchmark.version}", f"data {data_of(benchmark)}"]
    if benchmark.ddof is not None:
        told.append(f"covariances divide by {'N - 1' if benchmark.ddof else 'N'}")
    told += [f"quantiser {benchmark.quantiser}"] if benchmark.quantiser else []
    told += [f"resize {benchmark.resize}"] if benchmark.resize else []
    told += [f"{', '.join(names)} replaced by {used}" for used, names in _replaced(benchmark).items()]
    yield "; ".join(told)
    yield f"short names: {', '.join(f'{name} = {meant}' for name, meant in benchmark.short_names.items()) or 'none'}"


def _replaced(benchmark: Benchmark) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, used in benchmark.extractors.items():
        found.setdefault(used, []).append(name)
    return found


def data_of(benchmark: Benchmark) -> str:
    """Return the name of the reals, or a description of the paper's if they must be named."""
    if benchmark.data is not None:
        return benchmark.data
    paper = benchmark.experiment
    if paper is None:
        return "named with --data"
    images = f"{paper.images:,}{' a domain' if paper.domains else ''}"
    return f"named with --data (the paper's is {paper.data}: {images} at {paper.resolution}x{paper.resolution})"


def protocol_table(metrics: Iterable[Metric], waits_for: Mapping[str, str] | None = None) -> Table:
    """Return a table with a row for each metric: name as papers print it, samples, reals, extractor.

    Args:
        metrics: in order.
        waits_for: text for a further column, by the metric's name; None for no such column.
    """
    table = Table(box=None, pad_edge=False)
    for name in ("metric", "samples", "reals", "extractor", *(["waits for"] if waits_for else [])):
        table.add_column(name, justify="right" if name in ("samples", "reals") else "left", overflow="fold")
    for metric in metrics:
        told = [waits_for[metric.name]] if waits_for else []
        extractors = ", ".join(extractors_of(metric)) or "-"
        table.add_row(title(metric.name), _samples(metric), _reals(metric), extractors, *told)
    return table


def _samples(metric: Metric) -> str:
    count = "all" if metric.count is None else f"{metric.count:,}"
    outputs = metric.spec().get("num_outputs", 1)
    return count if outputs == 1 else f"{count} x {outputs}"


def _reals(metric: Metric) -> str:
    """Return the number of reals that a metric compares with; "-" for none."""
    needs = [need for need in metric.inputs().values() if not need.source.generates and need.view.extractor]
    return ", ".join(dict.fromkeys("all" if need.count is None else f"to {need.count:,}" for need in needs)) or "-"


def _by_source(rows: Iterable[Published]) -> dict[str, list[Published]]:
    """Return the numbers by source, that is, by table of a paper."""
    found: dict[str, list[Published]] = {}
    for row in rows:
        found.setdefault(row.source, []).append(row)
    return found


def published_table(rows: Sequence[Published]) -> Table:
    """Return one source's table, with a row for each variant and data set and a column for each metric."""
    columns = list(dict.fromkeys(printed(row) for row in rows))
    table = Table(box=None, pad_edge=False)
    for name in ("variant", "data", "size"):
        table.add_column(name)
    for column in columns:
        table.add_column(column, justify="right")
    for named, values in _by_variant(rows).items():
        table.add_row(*named, *("\n".join(values.get(column, ["-"])) for column in columns))
    return table


def published_list(rows: Sequence[Published]) -> Table:
    """Return one source's numbers in rows, for terminals that are too narrow for ``published_table``."""
    table = Table(box=None, pad_edge=False)
    for name in ("variant", "data", "size", "metric", "value"):
        table.add_column(name, justify="right" if name == "value" else "left", no_wrap=name in ("size", "value"))
    for named, values in _by_variant(rows).items():
        for column, told in values.items():
            table.add_row(*named, column, "\n".join(told))
    return table


def _by_variant(rows: Sequence[Published]) -> dict[tuple[str, str, str], dict[str, list[str]]]:
    """Return the values of each metric by variant, data set and resolution, without repetition.

    If there are several models, variants are preceded by the model.
    """
    several = len({row.model for row in rows}) > 1
    found: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    for row in rows:
        variant = f"{row.model} {row.variant}".strip() if several else row.variant
        named = (variant or "-", row.dataset, row.resolution or "-")
        told, value = found.setdefault(named, {}).setdefault(printed(row), []), f"{row.value:.10g}"
        told += [] if value in told else [value]
    return found


def printed(row: Published) -> str:
    """Return a number's metric as papers print it, with the unit if that is percent."""
    return as_printed(row.metric) + (" (%)" if row.unit.startswith("percent") else "")


@cache
def as_printed(metric: str) -> str:
    """Return a published metric's name as papers print it; unchanged if ganbench does not measure it."""
    for part in PARTS:
        try:
            resolve(metric.removesuffix(part))
        except GanbenchError:
            continue
        return title(metric)
    return metric
