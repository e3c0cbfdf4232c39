"""The small trainings that the claims rest on, each one command line of ganbench, with its seed.

``python -m results.trainings`` trains those that are not there yet, one after the other; with ``--print`` it says how.
The weights in the records of ``claims/records`` were trained on an NVIDIA H200, all at once, CycleGAN's on CPUs.
Another machine gives weights that differ from them, by rounding at first.
"""

import argparse
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

RUNS = Path("runs") / "claims"
SEEDS = (0, 1)
DIGITS, DOMAINS = "--data digits:train", "--data digit-domains"
STARGAN = f"--model starganv2 {DOMAINS} --recipe digits32-free --kimg 20 --set batch=32 --set ds_iter=3750"
CYCLEGAN = f"--model cyclegan {DOMAINS}:3,8 --recipe digits32 --kimg 9.736 --set n_epochs=50 --set n_epochs_decay=50"


def _with_seeds() -> Iterator[tuple[str, str]]:
    """Yield the trainings that are repeated, with their names."""
    for seed in SEEDS:
        common = f"--model stylegan1 {DIGITS} --seed {seed}"
        yield f"mapping1-seed{seed}", f"{common} --recipe digits32-short-1-layer"
        yield f"mapping2-seed{seed}", f"{common} --recipe digits32-short-2-layers"
        yield f"mapping8-seed{seed}", f"{common} --recipe digits32-short"
        yield f"unmixed-seed{seed}", f"{common} --recipe digits32-short --set style_mixing_prob=0"


TRAININGS: Mapping[str, str] = {
    **dict(_with_seeds()),
    "fourier": f"--model stylegan2 {DIGITS} --recipe digits32-fourier --kimg 36.544 --set batch=32",
    "stylegan3-t": f"--model stylegan3 {DIGITS} --recipe digits32 --kimg 40 --set batch=32,translate=0,ema_kimg=10",
    "stylegan3-r": f"--model stylegan3 {DIGITS} --recipe digits32-r --kimg 40 --set batch=32",
    "diversity1": STARGAN,
    "diversity0": f"{STARGAN} --set lambda_ds=0",
    "cycle10": CYCLEGAN,
    "cycle0": f"{CYCLEGAN} --set lambda_A=0 --set lambda_B=0 --kimg 9.208",
    "identity05": f"{CYCLEGAN} --set lambda_identity=0.5",
}


def line(name: str) -> list[str]:
    """Return the command line of a training, without the name of the program."""
    return ["train", *shlex.split(TRAININGS[name]), "--run-dir", (RUNS / name).as_posix()]


def model(name: str) -> str:
    """Return the model that a training is of."""
    words = shlex.split(TRAININGS[name])
    return words[words.index("--model") + 1]


def weights(name: str) -> Path:
    """Return the path of the weights that a training writes."""
    return RUNS / name / ("stylegan2-fourier.safetensors" if name == "fourier" else f"{model(name)}.safetensors")


def main() -> None:
    """Train, or print how."""
    parser = argparse.ArgumentParser(prog="python -m results.trainings", description="Train the models of the claims.")
    parser.add_argument("--print", action="store_true", dest="told", help="print the command lines only")
    told = parser.parse_args().told
    for name in TRAININGS:
        if told:
            print(shlex.join(["ganbench", *line(name)]))
        elif not weights(name).exists():
            subprocess.run([sys.executable, "-m", "ganbench", *line(name)], check=True)


if __name__ == "__main__":
    main()
