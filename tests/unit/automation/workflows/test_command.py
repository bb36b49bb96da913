"""``studio workflow``: rows with state, time and result; what is wrong; Ctrl+C."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio.studio import Studio
from studio.testing.plugins import importable
from tests.unit.automation.workflows.talker import PLUGINS, THREE_STEPS, Talker

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def talker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Talker]:
    """A home with the steps, and a runtime that does them."""
    runtime = Talker()
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STUDIO_PLUGIN_PATH", str(PLUGINS))
    monkeypatch.setattr(Studio, "_launch", lambda studio: runtime.launch())
    with importable(PLUGINS):
        yield runtime


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """A workflow and a list."""
    (tmp_path / "three.toml").write_text(THREE_STEPS)
    (tmp_path / "list.txt").write_text("one\nfail\n")
    return str(tmp_path / "three.toml"), str(tmp_path / "list.txt")


def test_run_show_list_resume_and_forget(
    talker: Talker, files: tuple[str, str], command: Command, tmp_path: Path
) -> None:
    workflow, inputs = files
    code, out, _ = command("workflow", "run", workflow, "--inputs", inputs, "--json")
    run = json.loads(out)
    assert (code, run["state"]) == (5, "done")
    assert [(row["input"], row["state"]) for row in run["rows"]] == [
        ("one", "done"),
        ("fail", "failed"),
    ]
    assert run["rows"][0]["seconds"] >= 0
    assert run["rows"][0]["result"]
    assert [step["state"] for step in run["rows"][0]["steps"]] == ["done"] * 3
    code, out, err = command("workflow", "show", run["run"][-6:].lower())
    assert code == 0
    assert "Step “first”: That cannot be written." in out
    assert "1 of 2" in err
    code, out, _ = command("workflow", "list", "--json")
    assert json.loads(out)["runs"][0]["rows"] == {"done": 1, "failed": 1}
    asked = len(talker.submitted)
    code, out, _ = command("workflow", "resume", run["run"], "--retry", "--json")
    assert code == 5
    assert len(talker.submitted) == asked + 1, "only the failed row is tried"
    result = run["rows"][0]["result"]
    code, out, _ = command("workflow", "run", workflow, "--results", result, "--json")
    other = json.loads(out)
    assert (code, other["rows"][0]["state"]) == (0, "done")
    code, _, err = command("workflow", "run", workflow, "--collection", "Leads")
    assert code != 0
    assert "There is no collection “Leads”.\nCollections: none yet." in err
    made = tmp_path / "made.toml"
    assert command("workflow", "new", "--from", result, "--out", str(made))[0] == 0
    assert command("workflow", "check", str(made))[0] == 0
    assert (
        "made.toml is there already"
        in command("workflow", "new", "--from", result, "--out", str(made))[2]
    )
    assert [command("workflow", "forget", each["run"])[0] for each in (run, other)] == [0, 0]
    assert "No workflow has run yet" in command("workflow", "list")[1]


def test_what_is_wrong_is_told_before_anything_runs(
    talker: Talker, files: tuple[str, str], command: Command, tmp_path: Path
) -> None:
    workflow, inputs = files
    for words, message in (
        (["run", workflow], "needs inputs of the kind “text”"),
        (["run", workflow, "--inputs", str(tmp_path / "none")], "There is no folder, table or"),
        (["run", workflow, "--inputs", inputs, "--param", "mood=1"], "has no parameter “mood”"),
        (["run", workflow, "--inputs", inputs, "--param", "mood"], "must be NAME=VALUE"),
        (["run", str(tmp_path / "none.toml")], "cannot be read"),
        (["show", "nothing"], "No run of a workflow has an id"),
    ):
        code, _, err = command("workflow", *words)
        assert code in (2, 3)
        assert message in err
    table = tmp_path / "table.csv"
    for lines, message in (
        ("", "There are no inputs to run on"),
        ("input;mood\n", "There are no inputs to run on"),
        ("name;mood\nfox;sly\n", "Columns: name, mood."),
    ):
        table.write_text(lines)
        code, _, err = command("workflow", "run", workflow, "--inputs", str(table))
        assert code == 2
        assert message in err
    assert json.loads(command("workflow", "list", "--json")[1])["runs"] == []
    bad = tmp_path / "bad.toml"
    bad.write_text(THREE_STEPS.replace("steps.write", "steps.paint"))
    code, out, _ = command("workflow", "check", str(bad), "--json")
    assert code == 2
    assert "Line 9, step “first”" in json.loads(out)["problems"][0]["message"]
    assert talker.starts == 0


def test_ctrl_c_leaves_a_run_that_can_be_resumed(
    talker: Talker,
    files: tuple[str, str],
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workflow, inputs = files
    Path(inputs).write_text("first\nwait\nlast\n")
    take = talker.take
    pressed: list[bool] = []

    def press(received: object) -> None:
        take(received)  # type: ignore[arg-type]
        if not pressed and talker.submitted and "wait" in str(talker.submitted[-1].params):
            pressed.append(True)  # the second time would end the command at once
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(talker, "take", press)
    code, out, _ = command("workflow", "run", workflow, "--inputs", inputs, "--json")
    run = json.loads(out)
    assert (code, run["state"]) == (130, "stopped")
    monkeypatch.setattr(talker, "take", take)
    monkeypatch.setattr(talker, "_text", lambda submit: "at once")
    code, out, _ = command("workflow", "resume", run["run"], "--json")
    assert code == 0
    assert {row["state"] for row in json.loads(out)["rows"]} == {"done"}
