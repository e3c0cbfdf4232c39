"""``ganbench train``: reference training."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganbench import registry
from ganbench.cli import options, recipes
from ganbench.cli.again import telling_how_to_go_on
from ganbench.cli.group import COULD_NOT_RUN, INTERRUPTED, FloatRange, Verb
from ganbench.cli.output import remark, say
from ganbench.errors import BadInputError
from ganbench.records.exports import check_package

if TYPE_CHECKING:
    from ganbench.cli.snapshot_metrics import SnapshotMetrics
    from ganbench.types import Adapter, Change, Dataset, Embedded, Recipe

OPTION_OF = {"start": "from"}  # setting -> its option, if that is called otherwise
MOST_KIMG = 10**9  # a trillion images; more must be a typing error


@click.command(
    cls=Verb,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    examples=(
        "ganbench train --model stylegan3 --data digits:train --run-dir runs/digits",
        "ganbench train --model stylegan3 --data digits:train --run-dir runs/digits --resume --metrics fid@1k",
        "ganbench train --model stylegan3 --data ffhqu-256.zip --recipe ffhqu-256-t --kimg 5000",
        "ganbench train --model stylegan3 --data photos.zip --cfg stylegan3-t --gamma 2 --batch 32 --mirror 1",
        "ganbench train --model stylegan2 --data photos.zip --recipe mine.toml --set r1_gamma=2,mirror=true",
    ),
)
@click.option("--model", required=True, help="Model to train.")
@click.option("--data", required=True, help="Training images: a name, a folder or a zip.")
@click.option(
    "--recipe",
    help="Name of the settings (see `ganbench list recipes`), a TOML file, or a run's training_options.json.  "
    "[default: auto; digits32 for digits]",
)
@click.option("--run-dir", type=click.Path(path_type=Path), help="Folder of the run.  [default: runs/MODEL-RECIPE]")
@click.option("--resume", is_flag=True, help="Continue from the last snapshot in --run-dir.")
@click.option(
    "--kimg", type=FloatRange(0, MOST_KIMG, min_open=True),
    help="Length of the training in thousands of images.  [default: the recipe's]",
)  # fmt: skip
@click.option("--seed", type=options.Whole(0, 2**63 - 1), help="Seed of all randomness.  [default: the model's]")
@click.option(
    "--conditional", is_flag=True, default=None, help="Train a conditional model, with the labels of the data."
)
@click.option(
    "--from", "start", metavar="WEIGHTS",
    help="Start from weights of the same model: a file, a run folder, or a published name such as "
    "stylegan3:ffhq-1024-t.",
)  # fmt: skip
@click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE",
              help="Change settings of the recipe, such as g_lr=0.001,mirror=true; may be repeated.")  # fmt: skip
@click.option("--keep", type=options.Whole(1, 10**9), help="Snapshots whose weights are kept.  [default: all]")
@click.option("--dry-run", is_flag=True, help="Measure parameters, memory and time in a few steps; write nothing.")
@click.option("--metrics", help="Metrics of every snapshot, such as fid@1k, written to metrics.jsonl in --run-dir.")
@click.option("--tensorboard", is_flag=True, help="Log for TensorBoard, too, to the folder tensorboard of --run-dir.")
@click.option("--benchmark", help="Measuring protocol of --metrics.  [default: digits for digits, else the model's]")
@click.option(
    "--workers", type=options.Whole(0, 1024),
    help="Processes that read images ahead.  [default: one core stays free; none for data in memory]",
)  # fmt: skip
@click.option("--device", help="Device: cpu, cuda or cuda:N.  [default: a GPU if there is one, else the CPU]")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    model: str,
    data: str,
    recipe: str | None,
    run_dir: Path | None,
    resume: bool,
    metrics: str | None,
    benchmark: str | None,
    tensorboard: bool,
    dry_run: bool,
    pairs: tuple[str, ...],
    **changes: Any,
) -> None:
    """Train a model by its reference recipe, and print the path of the final weights.

    Every setting of the recipe and every option of the model's official program is an option here, too, such as
    --r1_gamma 2 or --gamma 2. A recipe file has settings in TOML, and base = "NAME" for the recipe that it changes.

    The run folder holds the weights of every snapshot (MODEL-KIMG.safetensors, the newest as MODEL.safetensors, too),
    the full state of the last two, sample grids and a log. After an interruption, the same command with --resume
    continues from the last snapshot. If a loss became infinite or NaN, it may continue with other learning rates, loss
    weights or another seed (--set, --seed), which is noted in the weights. On several GPUs, start it with
    `torchrun --nproc-per-node=GPUS -m ganbench train ...`: the processes share every batch, and train as one
    does, up to rounding.
    """
    if tensorboard:
        check_package("tensorboard", "for --tensorboard")
    with together() as speaks:
        from baselines.training.folder import check
        from ganbench.models.base import adapter_of
        from ganbench.models.training import user_errors

        adapter = adapter_of(model)
        given = [*_own(changes), *recipes.in_pairs(pairs), *recipes.in_arguments(ctx.args)]
        name = _name(adapter, model, recipe, data, cfgs := [change for change in given if change.name == "cfg"])
        folder = run_dir or Path("runs") / f"{model}-{name}"
        with user_errors():
            check(folder, resume)

        from ganbench.cli.snapshot_metrics import SnapshotMetrics
        from ganbench.data import open_data
        from ganbench.data.classes import by_folders

        images = open_data(data)
        given += _source(folder, given) if resume else []
        chosen = _chosen(adapter, model, recipe or name, cfgs, given, images)
        if chosen.settings.get("conditional") is True:
            images = by_folders(images)
        benchmark = benchmark or _benchmark(adapter, data)
        measured = SnapshotMetrics(adapter, options.names(metrics), images, benchmark, folder, _device(chosen))
        measured.check(chosen)
        if dry_run:
            return _show_cost(adapter, images, chosen, speaks)
        weights = _trained(adapter, images, chosen, folder, resume, measured, speaks, tensorboard)
        if speaks:
            say(str(weights))
            for told in measured.best():
                remark(told)


def _device(recipe: "Recipe") -> str:
    """Return the device that this process trains on.

    Raises:
        BadInputError: there is no such device, or it is not this process's own.
    """
    from baselines.training.ranks import device_of_process
    from ganbench.models.base import check_device
    from ganbench.models.training import user_errors

    asked = recipe.settings.get("device")
    check_device(asked or "cpu")
    with user_errors():
        return device_of_process(asked)


def _show_cost(adapter: "Adapter", images: "Dataset", recipe: "Recipe", speaks: bool) -> None:
    """Print what training would cost, with the phases that are measured on stderr."""
    lines = adapter.cost(images, recipe, lambda phase: click.echo(f"measuring {phase}", err=True) if speaks else None)
    for line in lines if speaks else ():
        say(line)


def _trained(
    adapter: "Adapter",
    images: "Dataset",
    recipe: "Recipe",
    folder: Path,
    resume: bool,
    measured: "SnapshotMetrics",
    speaks: bool,
    tensorboard: bool,
) -> Path:
    """Train with ticks on stderr, or without for a process that does not speak; return the path of the weights.

    A run to resume that was stopped before it had measured its newest snapshot does so first.

    Raises:
        KeyboardInterrupt: training was interrupted; the message says how to continue.
        BadInputError: the run cannot go on as it is; after a loss that diverged, the message has a command that can.
    """
    from baselines.training.ranks import by_first
    from ganbench.cli.ticks import SharedTicks, Ticks
    from ganbench.cli.training_events import Events
    from ganbench.models.training import user_errors

    followed = Events(folder, measured) if tensorboard else measured
    shown = Ticks(recipe.settings.get("kimg"), followed, folder) if speaks else nullcontext(lambda tick: None)
    # User errors are also those of a third party's adapter that trains by ``baselines``.
    with telling_how_to_go_on(adapter, recipe), user_errors():
        if resume and (late := by_first(followed.catch_up, measured.beside)) and speaks:
            remark(late)
        with shown as ticks:
            return adapter.train(images, recipe, folder, resume, SharedTicks(ticks, measured))


@contextmanager
def together() -> Iterator[bool]:
    """Join the processes that ``torchrun`` started; yield whether this is the one that prints.

    An error that ends all of them is reported by the first process that meets it.
    """
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        yield True
        return
    from baselines.ops import processes
    from baselines.training.ranks import joined

    with joined() as first:
        try:
            yield processes.rank() == 0
        except (Exception, KeyboardInterrupt) as error:
            if first():
                raise
            code = INTERRUPTED if isinstance(error, KeyboardInterrupt) else COULD_NOT_RUN
            raise click.exceptions.Exit(code) from None


def _name(adapter: "Adapter", model: str, recipe: str | None, data: str, cfgs: Sequence["Change"]) -> str:
    """Return the name of the recipe, which is that of the file or the base configuration where one is given.

    Raises:
        BadInputError: the model has no recipe, or several and none is named; or there are two base configurations.
        UnknownNameError: there is no recipe of that name.
    """
    if len({str(cfg.value) for cfg in cfgs}) > 1 or (cfgs and recipe):
        raise BadInputError("expected one of --recipe and --cfg, found two: leave one out.")
    if cfgs:
        return str(cfgs[0].value)
    if recipe and recipes.is_file(recipe):
        return recipes.name_of_file(Path(recipe))
    return _recipe(adapter, model, recipe, data).name


def _chosen(
    adapter: "Adapter",
    model: str,
    recipe: str,
    cfgs: Sequence["Change"],
    given: Sequence["Change"],
    images: "Dataset",
) -> "Recipe":
    """Return the recipe of a name or file, or a base configuration, with the settings that were given."""
    rest = [change for change in given if change.name != "cfg"]
    if cfgs:
        start = adapter.configured(recipe, rest, images)
    elif recipes.is_file(recipe):
        start = recipes.from_file(adapter, model, Path(recipe), images)
    else:
        start = adapter.chosen(recipe, images)
    if any(change.name == "start" for change in rest) and not start.settings.get("start"):
        start = replace(start, settings={**start.settings, **adapter.fine_tuning})
    return adapter.changed(start, rest)


def _source(folder: Path, given: Sequence["Change"]) -> "list[Change]":
    """Return what a run to resume started from, as if given again; nothing if it is, or if it started from none."""
    from baselines.training.transfer import NOTE, noted
    from ganbench.types import Change

    note = noted(folder).get(NOTE)
    if note is None or any(change.name == "start" for change in given):
        return []
    return [Change("start", note["source"], "--from")]


def _recipe(adapter: "Adapter", model: str, name: str | None, data: str) -> "Recipe":
    """Return the recipe of a name, or the default one.

    Raises:
        BadInputError: the model has no recipe, or several and none is named.
        UnknownNameError: there is no recipe of that name.
    """
    known = adapter.recipes
    if not known:
        raise BadInputError(
            f"expected a model with a training recipe, found {model}: choose one from `ganbench list models --long`."
        )
    if name is None and (own := _embedded(adapter, data)) and own.weights.stem in known:
        name = own.weights.stem
    if name is None and "auto" in known:
        name = "auto"
    if name is None and len(known) == 1:
        name = next(iter(known))
    if name is None:
        raise BadInputError(f"expected --recipe for {model}, found none: choose one of {', '.join(known)}.")
    if name not in known:
        raise registry.unknown("recipes", name, known)
    return known[name]


def _benchmark(adapter: "Adapter", data: str) -> str:
    """Return the default measuring protocol for a model trained on some data."""
    own = _embedded(adapter, data)
    return own.benchmark if own else adapter.benchmark


def _embedded(adapter: "Adapter", data: str) -> "Embedded | None":
    """Return the embedded weights of a model if they were trained on these data, else None."""
    own = adapter.embedded
    return own if own and own.trained_on(data) else None


def _own(changes: Mapping[str, Any]) -> list["Change"]:
    """Return the settings that have an option of their own here."""
    from ganbench.types import Change

    return [
        Change(name, value, f"--{OPTION_OF.get(name, name)}") for name, value in changes.items() if value is not None
    ]
