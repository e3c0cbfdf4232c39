"""``package.module:make``: a network or function from a Python module, whose code is run."""

import contextlib
import difflib
import importlib
import importlib.util
import inspect
import os
import re
import sys
from pathlib import Path
from typing import Any

from torch import nn

from ganbench.checkpoints.digest import file_sha256
from ganbench.errors import BadInputError, GanbenchError
from ganbench.models.adapter import BaseAdapter
from ganbench.models.foreign.program import random_states_kept, reason, seed_all
from ganbench.models.foreign.state import load_weights
from ganbench.models.foreign.wrapping import loaded_model
from ganbench.types import Interface, LoadedModel

PATH = re.compile(r"(?P<module>[^\W\d]\w*(\.[^\W\d]\w*)*):(?P<attribute>[^\W\d]\w*(\.[^\W\d]\w*)*)")


def is_import_path(name: str) -> bool:
    """Return whether an unregistered name is ``module:attribute``: the module has a dot in its name, or it exists.

    Nothing is imported.
    """
    found = PATH.fullmatch(name)
    if not found:
        return False
    look_in_current_folder()
    try:
        return "." in found["module"] or importlib.util.find_spec(found["module"]) is not None
    except ValueError:  # a module without a file, such as __main__
        return True


class ImportedAdapter(BaseAdapter):
    """The way in for one import path.

    Args:
        name: ``package.module:make``.
    """

    benchmark = ""
    takes_path = True
    runs_code = True

    def __init__(self, name: str) -> None:
        self.name = name

    def load(self, weights: Path | None, device: str) -> Any:
        """Return the model that the object's attributes describe; see ``open``."""
        return self.open(self.name, weights, device, None, Interface()).model

    def open(
        self, name: str, weights: Path | None, device: str, entry: str | None, interface: Interface
    ) -> LoadedModel:
        """Return the object of the import path as a model.

        The object is a network, or a callable without required arguments that returns a network or a function. If it
        has an argument ``weights``, it gets the path; otherwise weights are read safely and loaded into the network.

        Raises:
            BadInputError: it cannot be imported or called, or returned neither.
        """
        look_in_current_folder()
        with random_states_kept(), contextlib.redirect_stdout(sys.stderr):
            seed_all([])  # so that a network without weights is the same in every process
            found, file = imported(name)
            made = built(name, found, weights)
        if isinstance(made, nn.Module):
            if weights is not None and not takes_weights(found):
                load_weights(name, made, weights, entry)
            made = made.eval().requires_grad_(False).to(device)
        elif weights is not None and not takes_weights(found):
            raise BadInputError(
                f"expected {name} to take or be a network for the weights {weights}, found neither: give it an "
                "argument weights, or leave them out."
            )
        code = {"program": name, "file": file.name, "file sha256": file_sha256(file)} if file else {"program": name}
        if weights is not None:
            code |= {"weights sha256": file_sha256(weights), **({"entry": entry} if entry else {})}
        return loaded_model(name, made, interface, device, str(weights or "in its code"), code)


def imported(name: str) -> tuple[Any, Path | None]:
    """Return the object of an import path, and the file of its module if it has one.

    Raises:
        BadInputError: there is no such module or object, or it raised an exception on import.
    """
    module_name, _, attribute = name.partition(":")
    if module_name.endswith(".py"):
        wanted = f"{module_name.removesuffix('.py')}:{attribute}"
        raise BadInputError(f"expected a module for the model {name}, found a file: write {wanted}.")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise BadInputError(
                f"expected a Python module {error.name} for the model {name}, found none in the current folder or "
                "installed: run in its folder, or correct the name."
            ) from error
        raise _failed(name, f"importing {module_name}", error) from error
    except (GanbenchError, MemoryError):
        raise
    except (Exception, SystemExit) as error:  # foreign code may raise anything, and a script may exit
        raise _failed(name, f"importing {module_name}", error) from error
    found: Any = module
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            raise BadInputError(
                f"expected an object {attribute!r} in {module.__file__ or module_name} for the model {name}, found "
                f"none: {_near(attribute, module)}."
            ) from error
    return found, Path(module.__file__) if module.__file__ else None


def _near(attribute: str, module: Any) -> str:
    public = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
    near = difflib.get_close_matches(attribute, public, n=1)
    return f"did you mean {near[0]}" if near else "name a network, or a function that returns one"


def built(name: str, found: Any, weights: Path | None) -> Any:
    """Return an imported network unchanged, or the result of an imported callable.

    Raises:
        BadInputError: it is neither, needs other arguments, or raised an exception.
    """
    if isinstance(found, nn.Module):
        return found
    if not callable(found):
        raise BadInputError(
            f"expected {name} to be a network or a callable that returns one, found a {type(found).__name__}: name "
            "another object of the module."
        )
    given = {"weights": str(weights)} if weights is not None and takes_weights(found) else {}
    if lacking := _lacking(found, given):
        remedy = "pass --weights FILE" if lacking == ["weights"] else "name a function without, which returns the model"
        raise BadInputError(
            f"expected {name} to be callable without arguments, found that it needs {', '.join(lacking)}: {remedy}."
        )
    try:
        return found(**given)
    except (GanbenchError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        raise _failed(name, "calling it", error) from error


def takes_weights(found: Any) -> bool:
    """Return whether a callable has an argument ``weights``."""
    return not isinstance(found, nn.Module) and "weights" in _parameters(found)


def _parameters(found: Any) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(found).parameters)
    except (TypeError, ValueError):  # of compiled functions
        return {}


def _lacking(found: Any, given: dict[str, str]) -> list[str]:
    various = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        name
        for name, each in _parameters(found).items()
        if name not in given and each.default is each.empty and each.kind not in various
    ]


def _failed(name: str, doing: str, error: BaseException) -> BadInputError:
    return BadInputError(
        f"expected a model from {name}, found that {doing} raised {reason(error)} in its code, which is not "
        "ganbench's: correct it; --debug shows where."
    )


def look_in_current_folder() -> None:
    """Make modules in the current folder importable, as ``python -m`` does, for good: they may import others late."""
    here = os.getcwd()
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)
    importlib.invalidate_caches()
