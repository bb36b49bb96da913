"""Collects every text that the window shows, for the catalogues under ``resources/languages``.

    python packaging/translations.py update     catalogues learn new texts and forget old ones
    python packaging/translations.py check      says what a catalogue lacks; exit code 1 if anything

Texts are the literals of ``tr(…)``, ``translate(context, …)`` and ``sentence(…)``, the messages of
errors and notices, the words of ``Params`` classes, of manifests, and of the lists of models and
workflows that are shipped. Both commands compile what they read, so that what is committed is what
is shown.
"""

from __future__ import annotations

import argparse
import ast
import functools
import io
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages import Catalog, mofile, pofile

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = ROOT / "resources" / "languages"
DOMAIN = "studio"
CALLS = {"tr": (0,), "_tr": (0,), "translate": (1,), "sentence": (0,), "Property": (0, 2)}
"""Functions whose arguments at those places are shown."""
FILLED = {"StudioError": (1, 2), "BadInput": (0, 1), "Action": (0,), "explain": (1,)}
"""The same, where what is shown is found by its pattern: an f-string has places for its values."""
NOTICES = {"error": (0,), "info": (0, 1), "offer": (0, 1), "warn": (0, 1)}
"""Likewise methods of notices."""
FOR_PROGRAMMERS = (
    "plugins/examples/", "studio/cli/", "studio/plugin_process/inside/", "studio/plugins/bisect.py",
    "studio/plugins/check/", "studio/plugins/project.py", "studio/plugins/scaffold.py",
    "studio/protocol/blobs.py", "studio/protocol/frames.py", "studio/runtime/hosts/answers.py",
    "studio/serving/", "studio/testing/",
)  # fmt: skip
"""Their errors are shown in a terminal, to programs, or to whoever writes a plugin."""
SHOWN_IN_MANIFESTS = ("title", "summary", "verb")
SHIPPED_TABLES = {
    "resources/weights/*.toml": ("title", "summary", "caution"),
    "resources/recommended.toml": ("summary",),
    "resources/workflows/*.toml": ("name", "about", "label"),
}
"""Lists of models and workflows, and which of their words are shown."""
PASSING_HEADERS = (
    "POT-Creation-Date", "PO-Revision-Date", "Generated-By", "Report-Msgid-Bugs-To",
    "Last-Translator", "Language-Team",
)  # fmt: skip


@functools.cache
def texts() -> dict[str, set[str]]:
    """Return each text with the files it stands in."""
    found: dict[str, set[str]] = {}
    for path, text in (*_of_code(), *_of_plugins()):
        found.setdefault(text, set()).add(path)
    return found


def update() -> None:
    """Bring every catalogue to the texts of today; what is no longer shown is dropped."""
    template = Catalog(project="Offline Studio", charset="utf-8")
    for text, paths in sorted(texts().items()):
        template.add(text, locations=[(path, 0) for path in sorted(paths)])
    for path in catalogues():
        catalogue = read(path)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        path.write_bytes(written(catalogue))
        path.with_suffix(".mo").write_bytes(compiled(catalogue))


def missing(path: Path) -> list[str]:
    """Return the texts that a catalogue does not translate."""
    catalogue = read(path)
    return [text for text in sorted(texts()) if not (found := catalogue[text]) or not found.string]


def catalogues() -> list[Path]:
    """Return the catalogues that there are, one for each language."""
    return sorted(LANGUAGES.glob(f"*/{DOMAIN}.po"))


def read(path: Path) -> Catalog:
    """Return a catalogue as it lies on disk."""
    with path.open("rb") as file:
        return pofile.read_po(file, locale=path.parent.name, domain=DOMAIN)


def written(catalogue: Catalog) -> bytes:
    """Return a catalogue as it lies on disk: sorted, without times, so that changes can be read."""
    file = io.BytesIO()
    pofile.write_po(
        file, catalogue, width=100, sort_output=True, omit_header=False, no_location=True
    )
    lines = file.getvalue().decode("utf-8").splitlines(keepends=True)
    passing = tuple(f'"{header}' for header in PASSING_HEADERS)
    return "".join(line for line in lines if not line.startswith(passing)).encode("utf-8")


def compiled(catalogue: Catalog) -> bytes:
    """Return what gettext reads, the same bytes for the same catalogue."""
    catalogue.creation_date = catalogue.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    file = io.BytesIO()
    mofile.write_mo(file, catalogue)
    return file.getvalue()


WITHOUT_A_TASK = (("studio_image.schema.export", "Export"), ("studio_voice.schema", "Talk"))
"""Forms of plugins that belong to no task and no section of Settings: dialogs."""

# --- collecting ---------------------------------------------------------------------------------


def _of_code() -> Iterator[tuple[str, str]]:
    listed = ["git", "ls-files", "studio/*.py", "plugins/*/studio_*.py"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in names.splitlines():
        if (ROOT / name).exists():
            tree = ast.parse((ROOT / name).read_text("utf-8"))
            yield from ((name, text) for text in _shown(tree))
            if not name.startswith(FOR_PROGRAMMERS):
                yield from ((name, text) for text in _filled(tree))


def _shown(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        for place in CALLS.get(name, ()):
            if place < len(node.args):
                yield from _literals(node.args[place])


def _filled(tree: ast.AST) -> Iterator[str]:
    for scope in ast.walk(tree):
        if isinstance(scope, ast.FunctionDef):
            messages = [*_messages(scope)]
            named = {
                name.id
                for text in messages
                for name in ast.walk(text)
                if isinstance(name, ast.Name)
            }
            parts = [
                node.value
                for node in ast.walk(scope)
                if isinstance(node, ast.Assign)
                and any(isinstance(to, ast.Name) and to.id in named for to in node.targets)
            ]
            for text in (*messages, *parts):
                yield from filter(_has_words, _patterns(text))


def _messages(scope: ast.AST) -> Iterator[ast.expr]:
    """Yield what is told in a function; names in it stand for what the function assigns to them."""
    for node in ast.walk(scope):
        if not isinstance(node, ast.Call):
            continue
        called, places = node.func, ()
        if isinstance(called, ast.Attribute) and ast.unparse(called.value).endswith("notices"):
            places = NOTICES.get(called.attr, ())
        else:
            places = FILLED.get(getattr(called, "id", getattr(called, "attr", "")), ())
        yield from (node.args[place] for place in places if place < len(node.args))


def _has_words(pattern: str) -> bool:
    return any(map(str.isalpha, re.sub(r"\{\w+\}", "", pattern)))


def _patterns(node: ast.expr) -> Iterator[str]:
    """Yield a literal with its values as places, named by what they are; both of a choice."""
    if isinstance(node, ast.IfExp):
        yield from (*_patterns(node.body), *_patterns(node.orelse))
    elif not isinstance(node, ast.JoinedStr):
        yield from _literals(node)
    else:
        names, pattern = Counter[str](), ""
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                name = getattr(part.value, "id", getattr(part.value, "attr", "value"))
                names[name] += 1
                pattern += f"{{{name}{names[name] if names[name] > 1 else ''}}}"
            else:
                pattern += str(ast.literal_eval(part))
        yield pattern


def _literals(node: ast.expr) -> Iterator[str]:
    """Yield a literal; both of ``a if x else b``."""
    if isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.strip():
        yield node.value


def _of_plugins() -> Iterator[tuple[str, str]]:
    from studio.api.params import FieldKind
    from studio.base.energy.settings import EnergySettings
    from studio.base.runtime_settings import TextEngineSettings
    from studio.desktop.forms.choices import titles_of
    from studio.desktop.window.local_server import ServerSettings
    from studio.desktop.window.page_registry import _OWN
    from studio.plugins.isolation import IsolationSettings

    def of_params(path: str, params: Any) -> Iterator[tuple[str, str]]:
        for field in params.fields():
            of_range = (field.range.unit, field.range.lowest) if field.range else ()
            of_field = (field.title, field.help, field.text.placeholder, field.group.title)
            for text in (*of_field, *of_range):
                yield path, text
            if field.kind is FieldKind.CHOICE:
                yield from ((path, title) for title in titles_of(field))

    found = [*of_params("studio/base", TextEngineSettings)]
    found += of_params("studio/plugins", IsolationSettings)
    found += of_params("studio/base", EnergySettings)
    found += of_params("studio/desktop", ServerSettings)
    found += (("studio/desktop/window/page_registry.py", title) for _, title, *_ in _OWN)
    for manifest in sorted(ROOT.glob("plugins/*/studio_*/manifest.toml")):
        path = manifest.relative_to(ROOT).as_posix()
        table = tomllib.loads(manifest.read_text("utf-8"))
        found += ((path, text) for text in _titles(table))
        for task in table.get("tasks", []):
            module, _, name = task["params"].partition(":")
            params = getattr(__import__(module, fromlist=[name]), name)
            found += of_params(path, params)
        half = (
            __import__(table["plugin"], fromlist=["studio_settings"]) if "plugin" in table else None
        )
        if settings := getattr(half, "studio_settings", None):
            found += of_params(path, settings())
    for pattern, shown in SHIPPED_TABLES.items():
        for file in sorted(ROOT.glob(pattern)):
            table = tomllib.loads(file.read_text("utf-8"))
            found += ((file.relative_to(ROOT).as_posix(), text) for text in _titles(table, shown))
    for module, name in WITHOUT_A_TASK:
        params = getattr(__import__(module, fromlist=[name]), name)
        found += of_params(f"plugins/{module.partition('.')[0].removeprefix('studio_')}", params)
    yield from ((path, text) for path, text in found if any(map(str.isalpha, text)))


def _titles(table: dict[str, Any], shown: tuple[str, ...] = SHOWN_IN_MANIFESTS) -> Iterator[str]:
    for key, value in table.items():
        if key in shown and isinstance(value, str):
            yield value
        if key == "reasons":
            yield from value.values()
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                yield from _titles(each, shown)


def main() -> int:
    """Run a verb. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=["update", "check"])
    if parser.parse_args().verb == "update":
        update()
    lacks = {path: missing(path) for path in catalogues()}
    for path, found in lacks.items():
        print(f"{path.parent.name}: {len(found)} of {len(texts())} texts are not translated")
        for text in found:
            print(f"  {text!r}")
    return 1 if any(lacks.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
