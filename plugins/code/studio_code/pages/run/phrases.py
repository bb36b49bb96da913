"""Wording of a finished run. Draws nothing."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any

from studio.api.window.figures import localised
from studio.api.window.language import tr
from studio_code.pages.evidence.evidence import evidence_of_run
from studio_code.pages.evidence.phrases import tests_words


def ended_words(result: Mapping[str, Any], mode: str) -> str:
    """Return how a run ended, after how long, in which sandbox; nothing where a chip says it."""
    words = [_ending(result)]
    if mode == "test" and result.get("ended") == "exit":
        evidence = evidence_of_run(result, "")
        if evidence.tests_total:
            return ""  # the chip counts them
        words = [tests_words(evidence)]
    seconds, tier = result.get("seconds"), result.get("tier")
    if isinstance(seconds, int | float):
        words.append(tr("{seconds} s.").format(seconds=localised(f"{seconds:.1f}")))
    if tier:
        words.append(tr("Full sandbox.") if tier == "A" else tr("Limited sandbox."))
    refused = result.get("refused") or []
    if refused:
        words.append(
            tr("Still running in the sandbox: {what}.").format(
                what="; ".join(map(str, refused[:3]))
            )
        )
    return " ".join(words)


def _ending(result: Mapping[str, Any]) -> str:
    code = result.get("exit_code")
    match result.get("ended"):
        case "wall time":
            return tr("It did not finish in time and was stopped.")
        case "output":
            return tr("It printed too much and was stopped.")
        case "cpu time":
            return tr("It exceeded its computing time and was stopped.")
        case "memory":
            return tr("It exceeded its memory limit and was stopped.")
        case "disk":
            return tr("It exceeded its disk limit and was stopped.")
        case "signal":
            return tr("It was ended by {signal}.").format(signal=_signal_name(code))
    if code == 0:
        return tr("Finished (exit code 0).")
    return tr("Exited with code {code}.").format(code=code)


def _signal_name(code: Any) -> str:
    number = abs(code) if isinstance(code, int) else 0
    try:
        return signal.Signals(number).name
    except ValueError:
        return tr("a signal")
