"""Wrap foreign objects as models that can be measured, with their provenance for the record."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ganbench.errors import BadInputError
from ganbench.models.digest import digest_of
from ganbench.models.foreign.generator import ForeignGenerator
from ganbench.models.foreign.interface import interface_of
from ganbench.models.foreign.program import Scripted
from ganbench.models.foreign.translator import ForeignTranslator
from ganbench.types import FixedSamples, Generator, Interface, LoadedModel, StyleGenerator, Translator

# Attributes of an object, and the field of ``Interface`` that each is; if two are for one field, the later one counts.
ATTRIBUTES = (
    *(("z_dim", "z_dim"), ("num_classes", "classes"), ("c_dim", "classes")),
    *(("label_format", "label_format"), ("domains", "domains"), ("range", "range")),
)

OF_OTHERS = {"generator": ("domains",), "translator": ("z_dim", "classes")}  # options that do not apply to a kind


def loaded_model(
    name: str, thing: Any, interface: Interface, device: str, weights: str, code: Mapping[str, str]
) -> LoadedModel:
    """Return an object as a model with its provenance.

    Args:
        name: as typed.
        thing: a network, a function, or an object that follows a protocol of ``ganbench.types``, which is not wrapped.
        interface: what the user says of it.
        device: device such as ``cpu`` or ``cuda``.
        weights: short description or path of the weights.
        code: for the record, the program and the sha256 of its files.

    Raises:
        BadInputError: it is not known how to call it, it raised an exception, or it did not return images.
    """
    model = wrapped(name, thing, interface, device)
    translates = isinstance(model, Translator)
    about = {"runs foreign code": True, **code, "interface": interface.given()}
    benchmark = "cyclegan" if translates else "stylegan3"
    return LoadedModel(
        name, model, weights, digest_of(json.dumps(about, sort_keys=True), model), benchmark=benchmark, provenance=about
    )


def in_memory(thing: Any, interface: Interface, device: str) -> tuple[str, Any]:
    """Return a name for an object, and the object as a model: unchanged if it is one and no option is given.

    Raises:
        BadInputError: as for ``loaded_model``.
    """
    named = type(thing).__name__ if isinstance(thing, nn.Module) else getattr(thing, "__name__", type(thing).__name__)
    known = isinstance(thing, Generator | Translator | FixedSamples) or not callable(thing)
    return named, thing if known and not interface.flags else wrapped(named, thing, interface, device)


def wrapped(name: str, thing: Any, interface: Interface, device: str) -> Any:
    """Return an object as a ``Generator`` or a ``Translator``; arguments and errors are those of ``loaded_model``."""
    if isinstance(thing, torch.jit.ScriptModule):
        thing = Scripted(thing)
    if isinstance(thing, StyleGenerator | Translator | FixedSamples):
        if interface.flags:
            raise BadInputError(
                f"expected no options for {name}, which says itself what it takes and returns, found "
                f"{interface.flags}: leave that out."
            )
        return thing
    if not callable(thing) or isinstance(thing, type):
        raise BadInputError(
            f"expected {name} to be a network or a function of tensors, found {_shown(thing)}: return one of them."
        )
    interface = completed(name, thing, interface)
    if interface.kind == "translator":
        return ForeignTranslator(name, thing, interface, _channels(thing))
    made = ForeignGenerator(name, thing, interface, device)
    _check_size(name, thing, made, interface)
    return made


def _shown(thing: Any) -> str:
    if isinstance(thing, type):
        return f"the class {thing.__name__}"
    return "None" if thing is None else f"a {type(thing).__name__}"


def completed(name: str, thing: Any, interface: Interface) -> Interface:
    """Return an interface completed by the object's attributes; what the user says takes precedence.

    Raises:
        BadInputError: an attribute is invalid, or it is not known whether the object takes latents or images.
    """
    said = {
        option: value for name_, option in ATTRIBUTES if (value := getattr(thing, name_, None)) not in (None, 0, ())
    }
    size = getattr(thing, "img_resolution", None)
    try:
        own = interface_of(**said)
    except BadInputError as error:
        raise BadInputError(f"{name} has an attribute that cannot be used: {error}") from error
    known = {**{f.name: getattr(own, f.name) for f in dataclasses.fields(own)}, **_given(interface)}
    if known["kind"] is None:
        known["kind"] = "generator" if known["z_dim"] else "translator" if known["domains"] else None
    if known["kind"] is None:
        raise BadInputError(
            f"expected {name} to say what it takes, found neither z_dim nor domains on it: pass --z-dim N for a "
            "generator, or --kind translator for a function of images."
        )
    odd = [option for option in OF_OTHERS[known["kind"]] if option in interface.given()]
    if odd:
        flags = ", ".join(f"--{option.replace('_', '-')}" for option in odd)
        raise BadInputError(f"expected no {flags} for {name}, which is a {known['kind']}: leave that out.")
    if known["kind"] == "generator" and not known["z_dim"]:
        raise BadInputError(f"expected the size of the latents of {name}, found none: pass --z-dim N.")
    if known["kind"] == "translator" and known["resize"] is None and isinstance(size, int):
        known["resize"] = str(size)
    return Interface(**known)


def _given(interface: Interface) -> dict[str, Any]:
    said = {f.name: getattr(interface, f.name) for f in dataclasses.fields(interface)}
    return {name: value for name, value in said.items() if value not in (None, ())}


def _channels(thing: Any) -> int | None:
    said = getattr(thing, "img_channels", None)
    return said if said in (1, 3) else None


def _check_size(name: str, thing: Any, made: ForeignGenerator, interface: Interface) -> None:
    said = getattr(thing, "img_resolution", None)
    _, height, width = made.trial.returned
    if interface.resize is None and isinstance(said, int) and (height, width) != (said, said):
        raise BadInputError(
            f"expected images of {said}x{said} from {name}, as its img_resolution says, found {width}x{height}: "
            "correct one of them."
        )
