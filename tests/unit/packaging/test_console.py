"""Commands run quietly, their output lands in the log, and a failure is one sentence."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from studio_setup import console as console_module
from studio_setup.console import CommandError, Console


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_output_goes_to_the_log_not_to_the_person(tmp_path: Path) -> None:
    out = io.StringIO()
    console = Console(tmp_path / "setup.log", steps=1, out=out)
    console.step("Noise")
    tail = console.run(python("print('much'); print('noise')"), "It failed")
    console.done()
    assert tail == ["much", "noise"]
    assert "noise" not in out.getvalue().replace("Noise", "")
    assert "[1/1] Noise" in out.getvalue()
    assert "much\nnoise\n" in (tmp_path / "setup.log").read_text()


def test_a_failure_names_the_line_that_says_why(tmp_path: Path) -> None:
    console = Console(tmp_path / "setup.log", steps=1, out=io.StringIO())
    code = "print('ERROR: no such thing'); print('hint: see the manual'); raise SystemExit(3)"
    with pytest.raises(CommandError, match=r"^It failed: no such thing$"):
        console.run(python(code), "It failed")


def test_a_silent_failure_still_says_something(tmp_path: Path) -> None:
    console = Console(tmp_path / "setup.log", steps=1, out=io.StringIO())
    with pytest.raises(CommandError, match="exited with code 3"):
        console.run(python("raise SystemExit(3)"), "It failed")


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    console = Console(tmp_path / "setup.log", steps=1, out=io.StringIO())
    with pytest.raises(CommandError, match="It failed: no-such-program: No such file"):
        console.run(["no-such-program"], "It failed")


def test_long_work_shows_that_it_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_module, "HEARTBEAT", 0.05)
    monkeypatch.setattr(console_module, "TICK", 0.01)
    out = io.StringIO()
    console = Console(tmp_path / "setup.log", steps=1, out=out)
    # Ends only after a heartbeat was seen, so a slow machine cannot make this fail.
    flag = tmp_path / "seen"
    monkeypatch.setattr(console, "say", lambda text: (print(text, file=out), flag.touch()))
    code = (
        "import pathlib, sys, time; print('Collecting torch', flush=True)\n"
        f"while not pathlib.Path({str(flag)!r}).exists(): time.sleep(0.01)"
    )
    console.run(python(code), "It failed")
    assert " s  " in out.getvalue()
