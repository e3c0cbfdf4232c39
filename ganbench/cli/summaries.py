"""One line about each registered name, read from its source file so that nothing is imported."""

import ast
import importlib.util
from pathlib import Path

from ganbench import registry


def summary(kind: str, name: str) -> str:
    """Return one line about a registered name: the first line of its documentation, without backquotes and "Return".

    The documentation of an assignment is its ``description=`` argument, or the string that follows it, or else the
    module's docstring. The line is empty if there is none.
    """
    entry = registry.entries(kind).get(name)
    path = _source(entry.module) if entry else None
    if entry is None or path is None:
        return ""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return ""
    documentation = _documentation(tree, entry.attr) or ast.get_docstring(tree) or ""
    line = documentation.strip().partition("\n")[0].replace("`", "")
    told = line.removeprefix("Return ")
    return line if told == line else told[:1].upper() + told[1:]


def _source(module: str) -> Path | None:
    """Return the file of a module without importing it or its parents; None if there is none."""
    top, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None:
        return None
    if not rest:
        return Path(spec.origin)
    for folder in spec.submodule_search_locations or ():
        base = Path(folder, *rest)
        for path in (base.with_suffix(".py"), base / "__init__.py"):
            if path.is_file():
                return path
    return None


def _documentation(tree: ast.Module, name: str) -> str | None:
    for node, following in zip(tree.body, [*tree.body[1:], None], strict=True):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return ast.get_docstring(node)
        if isinstance(node, ast.Assign | ast.AnnAssign) and name in _targets(node):
            return _argument(node.value, "description") or _text(getattr(following, "value", None))
    return None


def _targets(node: ast.Assign | ast.AnnAssign) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _argument(value: ast.expr | None, name: str) -> str | None:
    if not isinstance(value, ast.Call):
        return None
    return next((_text(keyword.value) for keyword in value.keywords if keyword.arg == name), None)


def _text(value: ast.expr | None) -> str | None:
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None
