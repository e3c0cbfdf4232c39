"""The command that goes on, whose changes take the place of what was set before."""

from collections.abc import Collection

import pytest

from ganbench.cli.again import without

RATE = ("g_lr", "d_lrs.32")


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ("train --set g_lr=0.1 --resume", "train --resume"),
        ("train --set g_lr=0.1,batch=4,d_lrs.32=1 --kimg 2", "train --set batch=4 --kimg 2"),
        ("train --set=g_lr=0.1 --set=betas=[0,0.9]", "train --set betas=[0,0.9]"),
        ("train --g_lr 0.1 --d_lr 0.1", "train --d_lr 0.1"),
        ("train --g_lr=0.1 --d_lrs.16 0.1", "train --d_lrs.16 0.1"),
        ("train --g-lr 0.1 --set d-lrs.32=1", "train"),
        ("train --model g_lr", "train --model g_lr"),
    ],
)
def test_what_is_replaced_is_left_out(given: str, left: str) -> None:
    assert list(without(given.split(), RATE)) == left.split()


@pytest.mark.parametrize("names", [(), ("seed",)])
def test_all_else_stays(names: Collection[str]) -> None:
    given = "train --set g_lr=0.1,batch=4 --resume".split()
    assert list(without(given, names)) == given
