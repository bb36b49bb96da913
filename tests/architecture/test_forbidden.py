"""Things that must not be in any file: this machine's paths, registries, unsafe calls, ways out."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture.source_tree import ROOT, name, product_files, python_files, source, tracked

LARGE = 2 * 2**20
OWN_WEIGHTS = re.compile(r"resources/weights/[\w.-]+\.safetensors")
BINARY = {
    ".ogg",
    ".ttf",
    ".png",
    ".jpg",
    ".webp",
    ".safetensors",
    ".npz",
    ".gz",
    ".wav",
    ".mid",
    ".mp4",
    ".gguf",
    ".mo",
}
TEXTS = {
    "a path of somebody's machine": re.compile(r"(?<![\w.])/(?:root|home/\w+|Users/\w+|work)/\w"),
    "the address of a package registry": re.compile(
        r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|download\.pytorch\.org|(?:extra-)?index-url"
    ),
    "a private key": re.compile("BEGIN [A-Z ]*PRIVATE" + " KEY"),
    "an unresolved merge": re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE),
}
CALLS = {
    "torch.load unpickles": re.compile(r"\btorch\.load\("),
    "a shell reads names as commands": re.compile(r"shell=True|\bos\.system\("),
    "text must not become code": re.compile(r"(?<![.\w])(?:eval|exec)\("),
    "the global generator belongs to nobody": re.compile(r"\btorch\.manual_seed\("),
}
# Seeds the global generator for libraries that know no other, while no other job runs.
# Opens pickles, restricted to numbers, where no file and no network is within reach.
MAY_CALL = {"studio/plugin_process/rng.py", "studio/runtime/weights_check/unpickle.py"}
WINDOW_CALLS = {
    "re-entering the event loop": re.compile(r"\bprocessEvents\("),
    "the window never sleeps": re.compile(r"\btime\.sleep\("),
}
PAGE_CALLS = {
    "how a widget looks is a Role": re.compile(
        r"setProperty\(\s*\"(?:role|surface|kind|density|plain|bad)\""
    ),
    "which files are dropped is asked of local_files": re.compile(r"\.isLocalFile\("),
}
WAYS_OUT = {
    "socket", "ssl", "ftplib", "smtplib", "http.client", "http.server", "urllib.request",
    "requests", "httpx", "aiohttp", "websockets", "huggingface_hub", "webbrowser", "openai",
    "PySide6.QtWebEngineCore",
}  # fmt: skip
# A reason each. One module may open a connection, and only because a user asked it to.
MAY_IMPORT = {
    # Fetches from the hub what a user has pasted an address of, when Download is pressed.
    "studio/models/download/https.py": {"http.client", "socket", "ssl", "urllib.request"},
    # A socket of this user's in the home: no network.
    "studio/terminals/connection.py": {"socket"},
    # Likewise, in a private folder: the runtime that a studio elsewhere has here by ssh.
    "studio/machines/there/attachment.py": {"socket"},
    "studio/machines/there/broker.py": {"socket"},
    "studio/desktop/main_thread/unix_signals.py": {
        "socket"
    },  # a pair within the process wakes the event loop
    "studio/runtime/main.py": {"socket"},  # tells libraries that there is no IPv6 to try
    "studio/sandbox/probes/fixture.py": {
        "socket"
    },  # listens, so that a probe has what to reach for
    "studio/serving/server.py": {"socket"},  # listens on this machine's own addresses
    "studio/testing/guards.py": {"socket"},  # takes connections away
}


def own_text(file: Path) -> str:
    return file.read_text("utf-8")


def texts() -> list[Path]:
    mine = Path(__file__).resolve()
    licences = ROOT / "resources" / "licences"
    return [
        file
        for file in tracked()
        if file.suffix not in BINARY and file != mine and not file.is_relative_to(licences)
    ]


def found(patterns: dict[str, re.Pattern[str]], files: list[Path]) -> list[str]:
    return [
        f"{name(file)}:{text.count(chr(10), 0, hit.start()) + 1}: {why}: {hit.group()}"
        for file in files
        for text in [own_text(file)]
        for why, pattern in patterns.items()
        for hit in pattern.finditer(text)
    ]


def window_files() -> list[Path]:
    return [
        file
        for file in product_files()
        if name(file).startswith("studio/desktop/") or {"pages"} & set(file.parts)
    ]


def test_pages_of_plugins_leave_looks_and_drops_to_the_kit() -> None:
    pages = [file for file in window_files() if name(file).startswith("plugins/")]
    assert len(pages) > 100, "the control: pages are looked at"
    assert found(PAGE_CALLS, pages) == []
    assert found(PAGE_CALLS, [ROOT / "studio/api/intake.py"]), "the control: the pattern finds it"


def test_no_machine_and_no_registry_is_named() -> None:
    assert found(TEXTS, texts()) == []


def test_no_unsafe_call() -> None:
    assert found(CALLS, [file for file in product_files() if name(file) not in MAY_CALL]) == []


def test_the_window_is_never_blocked_on_purpose() -> None:
    assert found(WINDOW_CALLS, window_files()) == []


def test_the_patterns_find_what_they_should() -> None:
    """The control: each pattern sees an example of its kind."""
    examples = {
        "a path of somebody's machine": "open('/home/ada/x')",
        "the address of a package registry": "https://pypi.org/simple",
        "torch.load unpickles": "torch.load(file)",
        "a shell reads names as commands": "run(x, shell=True)",
        "text must not become code": "eval(text)",
        "re-entering the event loop": "app.processEvents()",
        "the window never sleeps": "time.sleep(1)",
    }
    patterns = {**TEXTS, **CALLS, **WINDOW_CALLS}
    for why, example in examples.items():
        assert patterns[why].search(example), why
    assert not CALLS["text must not become code"].search("dialog.exec() or model.eval()")


def bare_openings(text: str) -> list[int]:
    """Lines with ``Image.open(…)`` that leave it to Pillow what a file may be read as."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("Image.open")
        and not any(word.arg == "formats" for word in node.keywords)
    ]


def test_pillow_is_always_told_what_it_may_read() -> None:
    """Its decoder of EPS starts a program, and most others were never asked for."""
    opening = [f for f in python_files("studio", "plugins", "packaging") if "tests" not in f.parts]
    texts = {name(file): own_text(file) for file in opening}
    texts = {file: text for file, text in texts.items() if "Image.open" in text}
    assert "plugins/image/studio_image/picture_arrays.py" in texts
    assert {file: lines for file, text in texts.items() if (lines := bare_openings(text))} == {}
    assert bare_openings("with Image.open(x) as a, PIL.Image.open(f(x)): pass") == [1, 1]


def test_nothing_here_can_reach_a_network_but_what_a_user_asks_for() -> None:
    ways = {name(file): source(file).imports & WAYS_OUT for file in product_files()}
    used = {file: found for file, found in ways.items() if found}
    assert "studio/testing/guards.py" in used, "the control: it does import a way out"
    assert {
        file: found for file, found in used.items() if not found <= MAY_IMPORT.get(file, set())
    } == {}


def test_nothing_large_is_committed_but_weights_of_our_own() -> None:
    large = {name(file): file.stat().st_size for file in tracked() if file.stat().st_size > LARGE}
    own = {file: size for file, size in large.items() if OWN_WEIGHTS.fullmatch(file)}
    assert large.keys() == own.keys(), "other weights and data are fetched at setup, not committed"
    assert all(size <= 30_000_000 for size in own.values())
    assert sum(own.values()) <= 120_000_000


def test_no_gpl_in_what_the_product_imports() -> None:
    from importlib.metadata import PackageNotFoundError, metadata

    from packaging.requirements import Requirement

    table = tomllib.loads(own_text(ROOT / "pyproject.toml"))
    for line in table["project"]["dependencies"]:
        requirement = Requirement(line)
        if requirement.marker and not requirement.marker.evaluate():
            continue
        try:
            meta = metadata(requirement.name)
        except PackageNotFoundError:
            pytest.fail(f"{requirement.name} is required but not installed")
        licence = f"{meta.get('License-Expression', '')} {meta.get('License', '')}"[:200]
        # LGPL is fine: Qt is linked, not copied. PySide6 also offers GPL as a choice.
        words = re.sub(r"LGPL[\w.-]*|Lesser General Public", "", licence)
        assert "GPL" not in words or "LGPL" in licence, f"{requirement.name}: {licence}"
