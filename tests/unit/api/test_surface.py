"""What version 1.0 of the API promised is there: it may grow, and nothing of it is taken away."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.api.stability import RENAMED

ROOT = Path(__file__).parents[3]
PROMISED: dict[str, Any] = json.loads(
    Path(__file__).with_name("surface_1_0.json").read_text("utf-8")
)


@pytest.fixture(scope="module")
def script() -> Iterator[Any]:
    sys.path.insert(0, str(ROOT / "packaging"))
    import api_reference

    yield api_reference
    sys.path.remove(str(ROOT / "packaging"))


def broken(promised: dict[str, Any], now: dict[str, Any]) -> Iterator[str]:
    """Yield what a plugin that was written for ``promised`` would miss."""
    for name, what in promised.items():
        if is_renamed(name):
            continue  # `tests/unit/api/test_stability.py` uses each by its former name
        if name not in now:
            yield f"{name} is gone"
        elif name == "studio.api":
            gone = [item for item in what if item not in now[name]]
            yield from (f"{item} is gone" for item in gone if f"{name}.{item}" not in RENAMED)
        elif isinstance(what, dict):
            yield from (f"{name}.{field} is gone" for field in what.keys() - now[name].keys())
            new = {field for field, required in now[name].items() if required}
            for field in new - {field for field, required in what.items() if required}:
                yield f"{name}.{field} has to be given"
        elif isinstance(what, list):
            yield from arguments_broken(name, what, now[name])
        elif what != now[name]:
            yield f"{name} is no {what}"


def is_renamed(name: str) -> bool:
    return any(name == old or name.startswith(f"{old}.") for old in RENAMED)


def arguments_broken(name: str, before: list[list[Any]], now: Any) -> Iterator[str]:
    if not isinstance(now, list):
        yield f"{name} is no function"
        return
    here = {argument: (kind, required) for argument, kind, required in now}
    for argument, kind, required in before:
        if argument not in here and (now_called := RENAMED.get(f"{name}({argument})")):
            assert now_called in here
        elif argument not in here:
            yield f"{name}: {argument} is gone"
        elif kind != here[argument][0] or (here[argument][1] and not required):
            yield f"{name}: {argument} is taken otherwise"
    placed = [argument for argument, kind, _ in before if kind == "POSITIONAL_OR_KEYWORD"]
    now_placed = [argument for argument, kind, _ in now if kind == "POSITIONAL_OR_KEYWORD"]
    if now_placed[: len(placed)] != placed:
        yield f"{name}: the order of its arguments is another"
    new = {argument for argument, (_, required) in here.items() if required}
    is_hook = ".hookspecs." in name  # a plugin takes of these what it wants
    for argument in new - {argument for argument, *_ in before}:
        if not is_hook:
            yield f"{name}: {argument} has to be given"


def test_nothing_of_version_1_0_is_taken_away(script: Any) -> None:
    assert len(PROMISED) > 300, "the control: there is a promise"
    assert list(broken(PROMISED, script.surface())) == []


def test_names_of_today_stay(script: Any) -> None:
    """Nothing goes; what is new is written down: `api_reference.py surface` prints the file."""
    kept = json.loads(Path(__file__).with_name("surface.json").read_text("utf-8"))
    now = script.surface()
    assert list(broken(kept, now)) == []
    assert sorted(now.keys() - kept.keys()) == [], "add it to surface.json"


def test_no_name_is_of_the_former_dialect(script: Any) -> None:
    words = re.compile(r"(^|[._])(told|kept|made|said|heard|asked|found|each)($|_)")
    assert words.search("UsedSettings.asked"), "the control"
    assert [name for name in script.surface() if words.search(name)] == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda now: now.pop("a.f"), "a.f is gone"),
        (lambda now: now["a.C"].pop("x"), "a.C.x is gone"),
        (lambda now: now["a.C"].update(z=True), "a.C.z has to be given"),
        (lambda now: now["a.f"].pop(0), "a.f: p is gone"),
        (lambda now: now["a.f"].append(["r", "KEYWORD_ONLY", True]), "a.f: r has to be given"),
        (lambda now: now["a.f"].reverse(), "a.f: the order of its arguments is another"),
        (lambda now: now["a.f"][1].__setitem__(2, True), "a.f: q is taken otherwise"),
        (lambda now: now["studio.api"].remove("f"), "f is gone"),
        (lambda now: now["a.f"].append(["r", "KEYWORD_ONLY", False]), ""),
        (lambda now: now["a.C"].update(z=False), ""),
    ],
)
def test_what_would_break_a_plugin_is_seen(change: Any, told: str) -> None:
    both = "POSITIONAL_OR_KEYWORD"
    before = {
        "studio.api": ["f"],
        "a.f": [["p", both, True], ["q", both, False]],
        "a.C": {"x": True, "y": False},
    }
    now = json.loads(json.dumps(before))
    change(now)
    assert list(broken(before, now))[:1] == ([told] if told else [])


def test_the_reference_has_all_of_the_surface_and_its_links_lead_somewhere(
    script: Any, tmp_path: Path
) -> None:
    script.main([str(tmp_path)])
    text = (tmp_path / "API.md").read_text("utf-8")
    surface = script.surface()
    assert len(surface) > 300, "the control: there is a surface"
    missing = [path for path in surface if not re.search(rf"\b{path.split('.')[-1]}\b", text)]
    assert [path for path in missing if path != "studio.api"] == []
    for file in tmp_path.glob("*.md"):
        for link in re.findall(r"\]\(([\w-]+\.md)", file.read_text("utf-8")):
            assert (tmp_path / link).is_file(), f"{file.name}: {link}"


def test_the_change_log_names_all_that_is_new(script: Any) -> None:
    text = (ROOT / "plugins" / "API-CHANGES.md").read_text("utf-8")
    assert list(missed(PROMISED, script.surface(), text)) == []
    assert len(list(missed(PROMISED, script.surface(), ""))) > 10, "the control: there is news"


def missed(promised: dict[str, Any], now: dict[str, Any], text: str) -> Iterator[str]:
    """Yield what is new and not in ``text``; what a new class has is not asked for."""
    new = [name for name in now if name not in promised]
    named = [name for name in new if name.rpartition(".")[0] not in new]
    for name, what in promised.items():
        if isinstance(what, dict) and name != "studio.api" and ".manifest." in name:
            named += [f"{name}.{field}" for field in now[name].keys() - what.keys()]
    words = set(re.findall(r"\w+", text))
    yield from (name for name in named if name.rpartition(".")[2] not in words)


def test_docstrings_become_markdown(script: Any) -> None:
    text = """Return ``x`` of :class:`studio.api.Kind`.

    Args:
        x: A number
            that counts.

    Raises:
        StudioError: It is none.
    """
    assert script.prose(text).splitlines() == [
        "Return `x` of `Kind`.",
        "",
        "*Args*",
        "",
        "- `x`: A number",
        "  that counts.",
        "",
        "*Raises*",
        "",
        "- `StudioError`: It is none.",
    ]
