"""Imports for names that a Python file uses and lacks: as its neighbours have them. Pure."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from studio_code.execution.python_runner import parsed

_PACKAGE = "__init__.py"


def imports_for(names: Iterable[str], path: str, files: Mapping[str, str]) -> str:
    """Return import statements, one a line, for those of the names that can be found.

    A name is imported as another file of the folder imports it, or from the file that defines it
    and does not import this one, or it is a module of the standard library.

    Args:
        path: The file that lacks them. ``files``: path → text of all files, this one too.
    """
    wanted, imports = set(names), dict[str, str]()
    here = PurePosixPath(path)
    others = [PurePosixPath(file) for file in files if file.endswith(".py") and file != path]
    others.sort(key=lambda file: (file.parent != here.parent, str(file)))
    for other in others:
        left = wanted - imports.keys()
        if not left:
            break
        if not any(name in files[str(other)] for name in left):
            continue  # most files have none of them: these are not parsed
        tree = parsed(files[str(other)])
        if tree is not None:
            imports |= _bound(tree, other, here, left, files)
    for name in wanted - imports.keys():
        if name in sys.stdlib_module_names:
            imports[name] = f"import {name}"
    return "\n".join(dict.fromkeys(imports[name] for name in sorted(imports)))


def _bound(
    tree: ast.Module,
    other: PurePosixPath,
    here: PurePosixPath,
    names: Iterable[str],
    files: Mapping[str, str],
) -> dict[str, str]:
    """Return how the names are imported that another file imports or defines."""
    lines: dict[str, str] = {}
    imports: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports |= {alias.name for alias in node.names}
            imports.add(getattr(node, "module", None) or "")
            lines |= {
                name: statement
                for name, statement in _statements(node)
                if name in names and (other.parent == here.parent or not _is_relative(node))
            }
    is_circle = here.name != _PACKAGE and any(
        here.stem in module.split(".") for module in imports if module
    )
    if other.name != _PACKAGE and not is_circle:
        defined = set(_defined(tree)) & set(names)
        lines |= {name: f"from {_module(other, here, files)} import {name}" for name in defined}
    return lines


def _statements(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Yield each name that an import binds, with a statement that binds it alone."""
    for alias in node.names:
        if alias.name == "*" or (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            continue
        bound = alias.asname or alias.name.partition(".")[0]
        one = (
            ast.ImportFrom(node.module, [alias], node.level)
            if isinstance(node, ast.ImportFrom)
            else ast.Import([alias])
        )
        yield bound, ast.unparse(one)


def _is_relative(node: ast.Import | ast.ImportFrom) -> bool:
    return isinstance(node, ast.ImportFrom) and node.level > 0


def _defined(tree: ast.Module) -> Iterator[str]:
    """Yield the public names defined by a module."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def _module(other: PurePosixPath, here: PurePosixPath, files: Mapping[str, str]) -> str:
    """Return the module name of a file for an importer: relative within a package."""
    if other.parent == here.parent:
        return f"{'.' if str(here.parent / _PACKAGE) in files else ''}{other.stem}"
    parts = [other.stem]
    folder = other.parent
    while str(folder / _PACKAGE) in files:
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts)
