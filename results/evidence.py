"""What is measured of the trainings behind the claims; the records are in ``claims/records``."""

import os
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import ganbench
from ganbench.records.collect import collect
from ganbench.records.record import RunRecord
from results.source_distance import source_l1
from results.trainings import SEEDS, TRAININGS, model, weights

DISENTANGLEMENT = "fid5k,ppl_wfull@1k,ls@5k"
EQUIVARIANCE = "fid10k,eqt2k_int,eqt2k_frac,eqr1k"
TRANSLATION = "fid_latent,lpips_latent,lpips_reference,accuracy_latent,accuracy_reference"
CYCLES = "fid_translated,accuracy,cycle"
BENCHMARKS = {"starganv2": "digit-domains", "cyclegan": "digits-3-8"}
METRICS = {"stylegan1": DISENTANGLEMENT, "starganv2": TRANSLATION, "cyclegan": CYCLES}
MIXED = (2, 4)  # latents in one image; one latent is no mixing


def _lines() -> Iterator[tuple[str, str]]:
    """Yield the name of each measurement, and its options."""
    for name in TRAININGS:
        of = model(name)
        chosen = METRICS.get(of, EQUIVARIANCE)
        where = f"--weights {weights(name).as_posix()} --benchmark {BENCHMARKS.get(of, 'digits')}"
        yield name, f"--model {of} {where} --metrics {chosen}"
    for seed in SEEDS:
        for name in (f"mapping8-seed{seed}", f"unmixed-seed{seed}"):
            where = f"--weights {weights(name).as_posix()} --benchmark digits"
            for count in MIXED:
                yield f"{name}-of{count}", f"--model results.mixing:of{count} {where} --metrics fid5k"


LINES: Mapping[str, str] = dict(_lines())


def line(name: str) -> list[str]:
    """Return the command line of a measurement, without the name of the program."""
    return ["run", *shlex.split(LINES[name])]


def weights_of(name: str) -> Path:
    """Return the path of the weights that are measured."""
    words = line(name)
    return Path(words[words.index("--weights") + 1])


def measure(name: str, folder: Path) -> None:
    """Measure, and write the record to ``folder/records``.

    CycleGANs get one more number, which is no metric of ganbench: how much of the source they keep.
    """
    words = dict(zip(line(name)[1::2], line(name)[2::2], strict=True))
    own = [source_l1] if words["--model"] == "cyclegan" else []
    os.environ["GANBENCH_RESULTS"] = str(folder)
    ganbench.run(
        words["--model"],
        [*words["--metrics"].split(","), *own],
        weights=words["--weights"],
        benchmark=words["--benchmark"],
        command=["ganbench", *line(name)],
    )


def found(folder: Path) -> dict[str, RunRecord]:
    """Return the newest record of each measurement, by name.

    Raises:
        BadInputError: there is none at all, or one cannot be read.
    """
    by_command = {tuple(record.command[1:]): record for record in collect([folder])}
    return {name: by_command[tuple(line(name))] for name in LINES if tuple(line(name)) in by_command}
