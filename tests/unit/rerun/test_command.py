"""``studio library rerun``: what cannot be run again is a verdict and a sentence, never a crash."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from studio.api.artifacts import NewArtifact
from studio.base.paths import StudioPaths
from studio.cli import rerun
from studio.cli.terminal.exit_code import ExitCode
from studio.library import Library
from studio.rerun.measures import lines_of
from studio.rerun.report import Cause, Report, RerunVerdict

Command = Callable[..., tuple[int, str, str]]


def test_an_unknown_id_and_a_library_that_another_studio_has(command: Command) -> None:
    code, out, _ = command("library", "rerun", "nobody", "--json")
    told = json.loads(out)
    assert (code, told["verdict"]) == (ExitCode.NOT_FOUND, "cannot")
    assert (told["causes"], told["effects"]) == ([], [])
    with Library.open(StudioPaths.default()) as library:
        record = library.add_record("echo.say", {"text": "sea", "times": 2}, plugin="echo")
        made = library.add_artifact(NewArtifact("text", b"sea", ".txt"), record=record.id)
        code, out, _ = command("library", "rerun", made.id, "--json")
        told = json.loads(out)
        assert (code, told["verdict"]) == (ExitCode.CANNOT_SAVE, "cannot")
        assert told["error"]["code"] == "READ_ONLY"
        code, out, _ = command("library", "rerun", made.id)
        assert out.strip() == told["sentence"]


def test_a_verdict_is_printed_with_its_effects_and_causes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = Report(
        "one",
        RerunVerdict.DIFFERENT,
        made=("two",),
        causes=(Cause("library", "numpy", "2.3.1", "2.4.0"),),
        differences=(lines_of("a\nb", "a\nc"),),
    )
    rerun._print(report)
    out, err = capsys.readouterr()
    seen, why = "1 line was added and 1 line was removed", "numpy is 2.4.0 now and was 2.3.1 then"
    assert out.splitlines() == [
        f"Different: {seen}, probably because {why}.",
        "  lines added                              1   (tolerance 0)",
        "  lines removed                            1   (tolerance 0)",
        f"  changed since: {why}",
    ]
    assert "studio library show two" in err
