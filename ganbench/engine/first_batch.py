"""The first batch of a foreign model, made before any work; its images become part of the key of cached results."""

import dataclasses
import hashlib

from torch import Tensor

from ganbench.engine.plan import Plan
from ganbench.inputs import Context
from ganbench.inputs.domains import target_domains, validation_floats, validation_images
from ganbench.types import Foreign, Translator, WithDomains

FEW = 4


def after_first_batch(plan: Plan) -> Plan:
    """Return a plan completed by the findings from a foreign model's first batch; any other plan unchanged.

    The key of its cached results then depends on these images, so that they are not used for another program in the
    same file, such as one that reads other weights by itself.

    Raises:
        BadInputError: the model raised an exception, or did not return images.
    """
    model, context = plan.context.model, plan.context
    if not isinstance(model, Foreign):
        return plan
    if model.trial is None and not (isinstance(model, Translator) and isinstance(context.data, WithDomains)):
        return plan  # it has nothing to translate, and its metrics are missing
    trial = model.trial or model.try_on(_images(context))
    about = {**plan.loaded.provenance, **trial.about()}
    loaded = dataclasses.replace(plan.loaded, provenance=about, warnings=trial.warnings, remark=trial.remark)
    key = hashlib.sha256(f"{loaded.sha256} {trial.digest}".encode()).hexdigest()
    return dataclasses.replace(plan, loaded=loaded, context=dataclasses.replace(context, weights_sha256=key))


def _images(context: Context) -> Tensor:
    """Return the first validation images that are translated, ``[N, C, H, W]`` in -1..1."""
    target = target_domains(context)[0]
    images = validation_images(context)
    source = next(place for place in range(len(images)) if place != target and images[place])
    return validation_floats(context, images[source][:FEW])
