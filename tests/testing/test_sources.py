"""Sources and views that break one law each."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor
from toygan import Brightness, Stripes, Waves

from ganbench.errors import PlanError
from ganbench.inputs import BaseSource, BaseView, Batch, Context, Features, Reals, Samples, Transformed
from ganbench.rng import Streams
from ganbench.testing import check_source, check_view
from tests.testing.broken import fails

MODEL = Waves().eval()
CALLS = itertools.count()


@dataclass(frozen=True)
class Good(BaseSource):
    """Noise that is shaped by the seed, the weights and the data."""

    flaw: str = ""

    name = "noise"
    images_per_sample: ClassVar[int] = 1

    @property
    def generates(self) -> Any:  # type: ignore[override]  # here it depends on the flaw
        return {"denies the model": False, "generates": "yes"}.get(self.flaw, True)

    @property
    def reads_data(self) -> bool:  # type: ignore[override]  # here it depends on the flaw
        return self.flaw != "denies data"

    @property
    def version(self) -> Any:  # type: ignore[override]  # here it depends on the flaw
        return "one" if self.flaw == "version" else 1

    def length(self, context: Context) -> int | None:
        return 0 if self.flaw == "length" else None

    def depends(self, context: Context) -> Mapping[str, Any]:
        known = {
            "seed": context.seed,
            "weights": context.weights_sha256,
            "data": context.data.fingerprint if context.data else None,
        }
        extra = {"set": {1}} if self.flaw == "json" else {"call": next(CALLS)} if self.flaw == "restless" else {}
        return {key: value for key, value in known.items() if self.flaw != f"forgets {key}"} | extra

    def draw(self, context: Context, indices: tuple[int, ...]) -> Mapping[str, Tensor]:
        assert context.data is not None
        noise = Streams(context.seed, indices).normal("noise", (1, 32, 32))
        found = noise * context.model.weight.sum() + context.data.images(indices)
        if self.flaw == "random":
            torch.rand(1)
        flawed = {
            "batch": found - found.mean(0),
            "fickle": found + next(CALLS),
            "rows": found[:-1],
            "nan": found * float("nan"),
        }
        return {"image": flawed.get(self.flaw, found)} if self.flaw != "nothing" else {}


@pytest.mark.parametrize("source", [Good(), Samples(), Reals(), Transformed()], ids=lambda source: source.name)
def test_good_sources_pass(source: Any) -> None:
    check_source(source, model=MODEL, data="stripes")


@pytest.mark.parametrize(
    ("flaw", "words"),
    [
        ("version", "its version is a whole number"),
        ("length", "length is a number of samples, or None"),
        ("json", "depends is made of JSON values"),
        ("restless", "depends is the same each time"),
        ("nothing", "draw returns tensors by name"),
        ("rows", "image has one row per sample"),
        ("nan", "image has one row per sample and finite"),
        ("fickle", "image is the same when drawn again"),
        ("batch", "image of a sample does not depend on its batch"),
        ("random", "no global random state is touched"),
        ("forgets seed", "depends changes with the seed where batches do"),
        ("forgets weights", "depends changes with the weights where batches do"),
        ("forgets data", "depends changes with the data where batches do"),
        ("generates", "generates is a bool"),
        ("denies the model", "a source whose batches depend on the model generates"),
        ("denies data", "a source whose batches depend on the data says so"),
    ],
)
def test_broken_sources_are_told(flaw: str, words: str) -> None:
    with fails(words):
        check_source(Good(flaw), model=MODEL, data=Stripes())


class Nameless(Good):
    name = ""


class Weightless(Good):
    images_per_sample = 0


class Sizeless(Good):
    def image_size(self, context: Context) -> int:
        return 0


class Boolless(Good):
    reads_data = "yes"


class Short(Good):
    def length(self, context: Context) -> int | None:
        return 3

    def shortage(self, context: Context, count: int) -> str:
        return "there are none."


class Varying(Good):
    def draw(self, context: Context, indices: tuple[int, ...]) -> Mapping[str, Tensor]:
        return {f"image of {len(indices)}": super().draw(context, indices)["image"]}


@dataclass
class Mutable(BaseSource):
    """Which has no hash."""

    name = "mutable"
    draw, depends = Good.draw, Good.depends
    flaw: str = ""


class ByIdentity(BaseSource):
    """Which is no dataclass: equal ones are not equal."""

    name, flaw, draw, depends = "by identity", "", Good.draw, Good.depends


class Agreeable(Good):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = Good.__hash__


class Rehashed(Good):
    def __hash__(self) -> int:
        return next(CALLS)


class Local(Good):
    def __reduce__(self) -> Any:
        raise TypeError("cannot pickle it")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Nameless(), "it has a name"),
        (Weightless(), "a sample stands for images"),
        (Sizeless(), "image_size is in pixels, or None"),
        (Boolless(), "reads_data is a bool"),
        (Short(), "there is no shortage of as many samples as there are"),
        (Varying(), "batches of any size have the same tensors"),
        (Mutable(), "it is hashable"),
        (ByIdentity(), "equal parameters make equal parts"),
        (Agreeable(), "it equals only parts like itself"),
        (Rehashed(), "equal parts have equal hashes"),
        (Local(), "it can be pickled"),
    ],
)
def test_broken_values_are_told(source: Any, words: str) -> None:
    with fails(words):
        check_source(source, model=MODEL, data=Stripes())


@dataclass(frozen=True)
class Look(BaseView):
    """The mean of each image."""

    flaw: str = ""

    extractor = None

    @property
    def version(self) -> Any:  # type: ignore[override]  # here it depends on the flaw
        return "one" if self.flaw == "version" else 1

    def compute(self, batch: Batch) -> Any:
        images = batch.drawn["image"]
        found = images.flatten(1).mean(1, keepdim=True)
        if self.flaw == "overwrites":
            images.zero_()
        if self.flaw == "random":
            torch.rand(1)
        flawed = {
            "list": found.tolist(),
            "rows": found[:-1],
            "nan": found / 0,
            "fickle": found + next(CALLS),
            "batch": found - found.mean(0),
        }
        return flawed.get(self.flaw, found)


@dataclass
class MutableLook(BaseView):
    """Which has no hash."""

    extractor, flaw, compute = None, "", Look.compute


@pytest.mark.parametrize("view", [Look(), Brightness(), Features("pool")])
def test_good_views_pass(view: Any) -> None:
    check_view(view, Samples(), model=MODEL, data="stripes")


@pytest.mark.parametrize(
    ("flaw", "words"),
    [
        ("version", "its version is a whole number"),
        ("list", "compute returns a tensor"),
        ("rows", "it has one row per sample"),
        ("nan", "it has one row per sample and finite"),
        ("overwrites", "it leaves the batch as it is"),
        ("fickle", "it is the same when computed again"),
        ("batch", "the row of a sample does not depend on its batch"),
        ("random", "no global random state is touched"),
    ],
)
def test_broken_views_are_told(flaw: str, words: str) -> None:
    with fails(words):
        check_view(Look(flaw), Samples(), model=MODEL, data="stripes")


def test_a_view_is_a_value() -> None:
    with fails("it is hashable"):
        check_view(MutableLook(), Samples(), model=MODEL, data="stripes")


def test_what_cannot_be_answered_is_no_broken_law() -> None:
    with pytest.raises(PlanError, match="found a model without one"):
        check_source(Samples(truncation_psi=0.5), model="images:digits", data="digits")
    with pytest.raises(PlanError, match="expected a generator with an input transform"):
        check_view(Look(), Transformed(), model="images:digits", data="digits")
