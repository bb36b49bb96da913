"""From pairs to a chat: a model is fine-tuned, leased by another plugin, erased and gone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.cli.terminal.exit_code import ExitCode
from tests.runtime.engines import tiny_models

pytestmark = [
    pytest.mark.slow,
    pytest.mark.e2e,
    pytest.mark.torch,
    pytest.mark.usefixtures("runtime_within"),
]

ANSWER = "Aye, captain."
ONLY = ("--only", "lab,chat")
Command = Callable[..., tuple[int, str, str]]


def result_of(command: Command, *words: str) -> dict[str, Any]:
    code, out, err = command(*ONLY, "run", *words, "--json")
    assert code == ExitCode.OK, err
    found: dict[str, Any] = json.loads(out)
    return found


def listed(command: Command, *words: str) -> dict[str, Any]:
    code, out, err = command(*ONLY, *words, "--json")
    assert code == ExitCode.OK, err
    found: dict[str, Any] = json.loads(out)
    return found


def models(command: Command) -> str:
    return json.dumps(listed(command, "models", "list"))


def test_chat_speaks_with_what_was_trained_until_it_is_erased(
    command: Command, tmp_path: Path
) -> None:
    folder = Path(os.environ["STUDIO_HOME"], "weights", "tiny")
    folder.mkdir(parents=True)
    tiny_models.save_folder(tiny_models.Plain(0.1), folder)
    pairs = tmp_path / "orders.tsv"
    pairs.write_text("".join(f"Steer {n} degrees\t{ANSWER}\n" for n in range(60)))
    asked = ["lab.finetune", "--data", str(pairs), "--weights", "tiny", "--seed", "1"]
    made = result_of(command, *asked, "--rate", "0.01", "--epochs", "5")
    assert made["measures"]["factor"] < 0.3

    def said(weights: str) -> str:
        chat = ["chat.reply", "--prompt", "Steer 190 degrees", "--weights", weights]
        more = ["--temperature", "0", "--max-tokens", "20", "--repetition-penalty", "1"]
        return str(result_of(command, *chat, *more)["text"])

    assert said(made["weights"]) == ANSWER
    assert said("tiny") != ANSWER, "the model itself is as it was"
    (result,) = listed(command, "library", "list", "--kind", "weights")["artifacts"]
    assert made["weights"] in models(command)
    command(*ONLY, "library", "erase", result["id"], "--yes")
    said("tiny")  # a studio that opens brings the models to what the library has
    assert made["weights"] not in models(command)
    assert "tiny" in models(command)
