"""The promise of the README: the starter model answers on the command line, and it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.base.paths import resources
from studio.cli.terminal.exit_code import ExitCode
from tests.unit.cli.conftest import Studio, one_object

STARTER = resources() / "weights" / "starter"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.torch,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not any(STARTER.glob("*.gguf")), reason="no starter weights here"),
]


def test_a_question_is_answered_and_the_conversation_is_kept_and_found(
    studio: Studio, here: Studio, home: Path
) -> None:
    """That it answers the same again: ``tests/e2e/test_run_again.py``."""
    words = ("chat", "--seed", "1", "--max-tokens", "12")
    done = studio(*words, stdin="Say hello to Zanzibar.\n")
    assert done.returncode == ExitCode.OK, done.stderr
    assert len(done.stdout.split()) > 3
    found = one_object(here("library", "search", "Zanzibar", "--json").stdout)["messages"]
    (conversation,) = {message["conversation"] for message in found}
    kept = one_object(here("library", "show", conversation, "--json").stdout)
    assert [message["role"] for message in kept["messages"]] == ["user", "assistant"]
    assert kept["messages"][1]["content"] == done.stdout.removesuffix("\n")
    assert kept["messages"][1]["state"] == "complete"
    exported = here("library", "export", conversation, "--out", str(home / "out"))
    assert "Zanzibar" in Path(exported.stdout.strip()).read_text("utf-8")
