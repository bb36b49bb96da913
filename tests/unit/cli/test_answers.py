"""The promise of the README: the starter model answers on the command line, twice the same."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from studio.cli.terminal.exit_code import ExitCode
from studio.core.paths import resources
from tests.unit.cli.conftest import Studio, one_object

STARTER = resources() / "weights" / "starter"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.torch,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not any(STARTER.glob("*.gguf")), reason="no starter weights here"),
]


def test_same_seed_same_answer_and_the_conversation_is_kept_and_found(
    studio: Studio, here: Studio, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once as a user would ask, and once in this process."""
    words, said = ["chat", "--seed", "1", "--max-tokens", "12"], "Say hello to Zanzibar.\n"
    done = studio(*words, stdin=said)
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
    monkeypatch.setattr(sys, "stdin", io.StringIO(said))
    assert here(*words).stdout == done.stdout
