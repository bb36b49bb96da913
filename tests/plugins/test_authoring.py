"""AUTHORING.md is true: all its code runs as it stands. REFERENCE.md leaves nothing out."""

from __future__ import annotations

import importlib
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from studio import api
from studio.api import Kind, manifest, params
from studio.testing.engines import FakeTextEngine
from studio.testing.plugins import importable, run_task

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "plugins" / "AUTHORING.md").read_text("utf-8")
TOPICS = (ROOT / "plugins" / "REFERENCE.md").read_text("utf-8")
FILES = dict(re.findall(r"^`([\w/]+\.\w+)`\n```\w+\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    (tmp_path / "studio_dice" / "__init__.py").touch()
    return tmp_path


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    variables = {"STUDIO_PLUGIN_PATH": str(folder), "STUDIO_HOME": str(folder / "home")}
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**os.environ, **variables, "PYTHONPATH": str(folder)},
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )


def test_the_plugin_has_four_files_and_forty_lines() -> None:
    names = ["manifest.toml", "schema.py", "worker.py", "plugin.py"]
    assert list(FILES)[:5] == [*(f"studio_dice/{name}" for name in names), "test_dice.py"]
    lines = [line for name in names for line in FILES[f"studio_dice/{name}"].splitlines() if line]
    assert len(lines) <= 40


def test_its_test_passes(folder: Path) -> None:
    done = run(folder, "pytest", "-q", "-p", "no:cacheprovider", "test_dice.py")
    assert "3 passed" in done.stdout, done.stdout


def test_the_page_of_a_new_project_is_what_the_guide_says() -> None:
    page = ROOT / "resources/plugin_template/page/studio_example/page.py"
    text = page.read_text("utf-8")
    assert len(text.splitlines()) <= 150
    shown = TEXT[TEXT.index("self.form = ui.form(Shuffle)") :].partition("```")[0]
    have = {line.strip().replace("ctx.kit", "kit") for line in text.splitlines()}
    assert [
        line for line in shown.splitlines() if line.partition("  #")[0].strip() not in have
    ] == []


def test_the_tutorial_is_short_and_its_code_is_all_run() -> None:
    assert len(TEXT.splitlines()) <= 250
    blocks = re.findall(r"^```(\w+)$", TEXT, re.MULTILINE)
    page = 1  # compared with the page of a new project
    assert len(blocks) == len(FILES) + blocks.count("sh") + page


def test_its_chart_and_its_fortune_are_made(folder: Path) -> None:
    with importable(folder):
        odds = importlib.import_module("studio_dice.odds")
        fortune = importlib.import_module("studio_dice.fortune")
        made = run_task(odds.odds, odds.Roll.parse({"rolls": 50}), seed=1)
        assert made.artifacts[0].kind == "plot"
        engine = FakeTextEngine("A good year.")
        params = fortune.Fortune.parse({"number": 4, "weights": "any"})
        made = run_task(fortune.tell, params, models={"any": engine})
    assert "I rolled 4" in engine.prompts[0]
    assert made.result["text"] == "A good year."


@pytest.mark.e2e
def test_its_commands_run_in_their_order(folder: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert len(lines) == 6
    programs = {"studio": [sys.executable, "-m", "studio"], "python": [sys.executable]}
    for line in lines:
        words = shlex.split(line)
        given = dict(word.split("=", 1) for word in words if re.match("[A-Z_]+=", word))
        program, *rest = words[len(given) :]
        done = subprocess.run(
            [*programs[program], *rest],
            cwd=folder,
            env={**os.environ, "STUDIO_HOME": str(folder / "home"), **given},
            capture_output=True,
            encoding="utf-8",
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
    assert (folder / "projects/shuffle").is_dir()


def test_links_between_the_pages_for_authors_lead_somewhere() -> None:
    def anchors(text: str) -> set[str]:
        titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}

    texts = {"AUTHORING.md": TEXT, "REFERENCE.md": TOPICS}
    count = 0
    for page, text in texts.items():
        for name, anchor in re.findall(r"\]\(([\w-]*(?:\.md)?)#([\w-]+)\)", text):
            if name != "API.md":  # written by `make docs`
                assert anchor in anchors(texts[name or page]), f"{page}: {name}#{anchor}"
                count += 1
    assert count > 12


@pytest.mark.e2e
def test_it_runs_on_the_command_line(
    folder: Path, command: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "torch.py").write_text("raise ImportError('left out: it takes seconds')\n")
    done = run(folder, "studio", "run", "dice.roll", "--rolls", "3", "--seed", "1", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert len(result["rolls"]) == 3
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(folder))
    listed = json.loads(command("plugins", "list", "--json")[1])["plugins"]
    (dice,) = [plugin for plugin in listed if plugin["id"] == "dice"]
    assert (dice["state"], dice["reason"]) == ("discovered", "")


def test_every_key_of_the_manifest_is_explained() -> None:
    section = TOPICS[TOPICS.index("## The manifest") :]
    for struct in (
        manifest.Manifest,
        manifest.PageEntry,
        manifest.KindEntry,
        manifest.ActionEntry,
        manifest.TaskEntry,
        manifest.TourEntry,
        manifest.BenchEntry,
        manifest.VerbEntry,
        manifest.Permissions,
    ):
        for field in msgspec.structs.fields(struct):
            assert re.search(rf"\b{field.name}\b", section), f"{struct.__name__}.{field.name}"


def test_every_public_name_is_mentioned() -> None:
    assert [name for name in api.__all__ if not re.search(rf"\b{name}s?\b", TEXT + TOPICS)] == []


def test_every_note_and_kind_is_explained() -> None:
    for note in (
        "Text",
        "Range",
        "Label",
        "Group",
        "Capability",
        "File",
        "Hidden",
        "ColumnsOf",
        "ShownIf",
    ):
        fields = ", ".join(getattr(params, note).__annotations__)
        assert f"`{note}({fields})`" in TOPICS
    for kind in Kind:
        assert f"`{kind}`" in TOPICS
