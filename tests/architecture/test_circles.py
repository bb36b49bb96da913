"""Modules that import each other in a circle can only be understood together: there are none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.architecture.source_tree import ROOT, module, product_files, python_files, source


def graph() -> dict[str, set[str]]:
    """Module → modules of ours that it imports, those for types alone as well."""
    paths = [*product_files(), *python_files("packaging")]
    files = {module(path, _base(path)): path for path in paths}
    return {name: _ways(source(file).imports, files) - {name} for name, file in files.items()}


def _ways(imports: frozenset[str], known: Iterable[str]) -> set[str]:
    """Of packages only those of which more is imported than modules in them."""
    inside: dict[str, list[str]] = {}
    for each in imports:
        inside.setdefault(each.rpartition(".")[0], []).append(each)
    return {
        each
        for each in imports & set(known)
        if each not in inside or any(name not in known for name in inside[each])
    }


def _base(file: Path) -> Path:
    parts = file.relative_to(ROOT).parts
    if parts[0] == "plugins":
        return ROOT / "plugins" / parts[1]
    return ROOT / "packaging" if parts[0] == "packaging" else ROOT


def circles(graph: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the sets of modules of which each leads to each other (Tarjan, without recursion)."""
    place: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []
    for root in graph:
        if root in place:
            continue
        path = [(root, iter(graph[root]))]
        place[root] = lowest[root] = len(place)
        stack.append(root)
        while path:
            name, ways = path[-1]
            for way in ways:
                if way not in place:
                    place[way] = lowest[way] = len(place)
                    stack.append(way)
                    path.append((way, iter(graph[way])))
                    break
                if way in stack:
                    lowest[name] = min(lowest[name], place[way])
            else:
                path.pop()
                if path:
                    lowest[path[-1][0]] = min(lowest[path[-1][0]], lowest[name])
                if lowest[name] == place[name]:
                    at = stack.index(name)
                    if len(stack) - at > 1:
                        found.append(sorted(stack[at:]))
                    del stack[at:]
    return found


def test_a_circle_is_found() -> None:
    ways = {"a": ["b"], "b": ["c"], "c": ["a", "d"], "d": ["e"], "e": []}
    assert circles(ways) == [["a", "b", "c"]]
    assert circles({"a": ["b"], "b": []}) == []


def test_no_modules_import_each_other() -> None:
    ways = graph()
    assert len(ways) > 500, "the control: this checkout is looked at"
    assert "studio.protocol.errors" in ways["studio.api.jobs"], "the control: imports are seen"
    installation = ways["studio_installation.__main__"]
    assert "studio_installation.order" in installation, "the control: packaging is read"
    found = circles(ways)
    assert not found, "\n".join(" ".join(each) for each in found)
