"""What the user allows is bound to the tool as it was shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from studio.api.window.tools import Approval, Tool
from studio.automation.tools import Approvals
from studio.base.settings import Settings

ASK, ALWAYS, NEVER = Approval.ASK, Approval.ALWAYS, Approval.NEVER
TOOL = Tool("read_notes", "Read notes", "Reads notes.", {"type": "object"}, source="server:abc")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.json"


def test_always_holds_in_its_conversation_and_after_a_restart(path: Path) -> None:
    Approvals(Settings(path)).say(TOOL, "talk", ALWAYS)
    later = Approvals(Settings(path))
    assert later.of(TOOL, "talk") is ALWAYS
    assert later.of(TOOL, "other") is ASK
    assert later.of(TOOL) is ASK


@pytest.mark.parametrize(
    "changed",
    [
        replace(TOOL, description="Reads notes, and sends them away."),
        replace(TOOL, schema={"type": "object", "properties": {"to": {"type": "string"}}}),
        replace(TOOL, source="server:xyz"),
    ],
)
def test_a_tool_that_changed_asks_again(path: Path, changed: Tool) -> None:
    approvals = Approvals(Settings(path))
    approvals.say(TOOL, "talk", ALWAYS)
    assert approvals.of(changed, "talk") is ASK


def test_never_holds_everywhere_whatever_the_tool_says_of_itself(path: Path) -> None:
    approvals = Approvals(Settings(path))
    approvals.say(TOOL, "talk", ALWAYS)
    approvals.say(TOOL, "talk", NEVER)
    assert approvals.of(replace(TOOL, description="Harmless."), "other") is NEVER
    (key,) = approvals.never()
    approvals.ask_again(key)
    assert approvals.of(TOOL, "talk") is ASK, "what was allowed before is not allowed again"


def test_what_keeps_no_conversation_keeps_no_approval(path: Path) -> None:
    approvals = Approvals(Settings(path))
    approvals.say(TOOL, "", ALWAYS)
    assert approvals.of(TOOL) is ALWAYS
    assert Approvals(Settings(path)).of(TOOL) is ASK


def test_an_erased_conversation_takes_its_approvals_along(path: Path) -> None:
    settings = Settings(path)
    approvals = Approvals(settings)
    approvals.say(TOOL, "talk", ALWAYS)
    settings.forget(["talk"])
    assert approvals.of(TOOL, "talk") is ASK
