"""The promise of the README: the starter model answers on the command line, twice the same."""

from __future__ import annotations

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


def test_same_seed_same_answer(studio: Studio, here: Studio) -> None:
    words = ["run", "chat.reply", "--prompt", "Name three primary colours.", "--seed", "1"]
    words += ["--max-tokens", "12"]
    first, second = (one_object(run(*words, "--json").stdout) for run in (studio, here))
    assert first["text"] == second["text"]
    assert first["tokens"] == second["tokens"] > 3
    assert first["record"] != second["record"]


def test_conversation_is_kept_and_found(studio: Studio, here: Studio, home: Path) -> None:
    done = studio("chat", "--seed", "1", "--max-tokens", "12", stdin="Say hello to Zanzibar.\n")
    assert done.returncode == ExitCode.OK, done.stderr
    assert done.stdout.strip()
    found = one_object(here("library", "search", "Zanzibar", "--json").stdout)["messages"]
    (conversation,) = {message["conversation"] for message in found}
    kept = one_object(here("library", "show", conversation, "--json").stdout)
    assert [message["role"] for message in kept["messages"]] == ["user", "assistant"]
    assert kept["messages"][1]["content"] == done.stdout.removesuffix("\n")
    assert kept["messages"][1]["state"] == "complete"
    exported = here("library", "export", conversation, "--out", str(home / "out"))
    assert "Zanzibar" in Path(exported.stdout.strip()).read_text("utf-8")
