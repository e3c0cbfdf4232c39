"""Which class an image is of."""

from dataclasses import dataclass

from torch import Tensor

from ganbench.data.labels import class_indices
from ganbench.errors import BadInputError
from ganbench.inputs.batch import BaseView, Batch
from ganbench.inputs.context import Context
from ganbench.types import Translator


@dataclass(frozen=True)
class Classes(BaseView):
    """Classes of labelled reals, or those that a conditional generator was asked for, ``[N, 1]`` int64."""

    extractor = None

    def problems(self, context: Context) -> list[str]:
        """Return what knows no classes: the data, or the generator."""
        found = []
        if context.data is not None and not context.data.label_dim:
            found.append(
                f"expected data with classes, found {context.data.name} without: name labelled images with --data."
            )
        if not (context.c_dim or isinstance(context.model, Translator)):
            found.append("expected a model with classes, found one without: measure all of its samples together.")
        return found

    def compute(self, batch: Batch) -> Tensor:
        """Return the classes.

        Raises:
            BadInputError: a label is of several classes, or none.
        """
        labels = batch.drawn["c"]
        odd = ((labels != 0).sum(1) != 1).nonzero()[:, 0]
        if len(odd):
            have = int((labels[odd[0]] != 0).sum())
            raise BadInputError(
                f"expected a label of one class for each image, found one of {have} classes in {batch.source.name} "
                f"{batch.indices[int(odd[0])]}: name data whose labels are class numbers."
            )
        return class_indices(labels)[:, None]
