"""FID of every class of a conditional model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.functional import frechet_distance, moments
from ganbench.inputs import Classes, Input, Rows
from ganbench.metrics.base import Number
from ganbench.metrics.truncated import OfSamples

LEAST = 2  # images of a class on either side, without which there is no covariance


@dataclass(frozen=True)
class PerClassFrechetDistance(OfSamples):
    """FID of each class between its samples and its reals, and the plain mean over classes; lower is better.

    Samples are those of FID, whose labels follow the data's, so the numbers of images differ from class to class.

    Attributes:
        name: as FID's, with ``_per_class``.
        count: number of generated images of all classes together.
        max_real: largest number of reals of all classes together; None for all.
        extractor: whose ``features`` are compared.
        ddof: covariances divide by N - ddof.

    Source: intra FID of Miyato and Koyama, cGANs with projection discriminator (ICLR 2018), section 4: the mean over
    classes of FID between samples and reals of one class.
    Deviation: they take 5,000 samples of each class; 50,000 in all are that many where there are ten equal classes.
    """

    name: str
    count: int
    max_real: int | None
    extractor: str = "inception"
    ddof: int = 0

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = False
    unit: ClassVar[str] = ""
    biased: ClassVar[bool] = True

    def of_class(self, label: int) -> NoReturn:
        """Refuse: it has the number of every class.

        Raises:
            BadInputError: always.
        """
        raise BadInputError(f"{self.name} has every class: leave the class {label} out, or take FID of it alone.")

    def inputs(self) -> Mapping[str, Input]:
        """Return features and classes of reals and of generated images."""
        view = self.view_of(self.extractor)
        return {
            "real": Input(self.reals, view, Rows, self.max_real, minimum=LEAST),
            "real_class": Input(self.reals, Classes(), Rows, self.max_real),
            "fake": Input(self.samples, view, Rows, self.count, minimum=LEAST),
            "fake_class": Input(self.samples, Classes(), Rows, self.count),
        }

    def compute(self, real: Rows, real_class: Rows, fake: Rows, fake_class: Rows) -> dict[str, Number]:
        """Return the mean over classes that there are, and each class's own distance.

        Raises:
            BadInputError: a class has fewer than two samples, or fewer than two reals.
        """
        values: dict[tuple[int | str, ...], float] = {}
        for label, reals, fakes in _by_class(real_class, fake_class):
            if min(int(reals.sum()), int(fakes.sum())) < LEAST:
                raise BadInputError(
                    f"expected at least {LEAST} samples and {LEAST} reals of each class, found {int(fakes.sum())} and "
                    f"{int(reals.sum())} of class {label}: ask for more samples, or name data with more of that class."
                )
            sides = (moments(side.rows()[of], ddof=self.ddof) for side, of in ((fake, fakes), (real, reals)))
            (mean_x, cov_x), (mean_y, cov_y) = sides
            values[label,] = frechet_distance(mean_x, cov_x, mean_y, cov_y)
        return {self.name: Number(sum(values.values()) / len(values), self.higher_is_better, values)}

    def warnings(self, filled: Mapping[str, Any]) -> list[str]:
        """Return a warning where classes have fewer images than features, which makes their distances too large."""
        width = filled["real"].rows().shape[1]
        counted = [
            (label, int(fakes.sum()), int(reals.sum()))
            for label, reals, fakes in _by_class(filled["real_class"], filled["fake_class"])
        ]
        few = [each for each in counted if min(each[1:]) < width]
        if not few:
            return []
        label, fakes, reals = min(few, key=lambda each: min(each[1:]))
        return [
            f"{self.name}: {len(few)} of {len(counted)} classes have fewer samples or reals than features ({width}), "
            f"such as class {label} with {fakes} and {reals}; FID of so few is too large"
        ]


def _by_class(real_class: Rows, fake_class: Rows) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Yield each class that either side has, and which of the reals and of the samples are of it."""
    of_reals, of_fakes = real_class.rows()[:, 0], fake_class.rows()[:, 0]
    for label in sorted({*of_reals.tolist(), *of_fakes.tolist()}):
        yield label, of_reals == label, of_fakes == label


fid50k_per_class = PerClassFrechetDistance("fid50k_per_class", 50_000, max_real=None)
"""FID of each class, 50,000 samples of all classes together against all reals, and the mean; lower is better."""
