"""Whose code it was, by the files on a stack."""

from __future__ import annotations

from pathlib import Path
from traceback import FrameSummary

import pytest

import studio
from studio.plugins.blame import Blame

OURS = str(Path(studio.__file__).parent / "desktop" / "ui.py")
ONE, TWO, LIBRARY = "/plugins/one/page.py", "/plugins/two/page.py", "/usr/lib/numpy/core.py"
blame = Blame({Path("/plugins/one"): "one", Path("/plugins/two"): "two"})


def stack(*files: str) -> list[FrameSummary]:
    return [FrameSummary(file, number, "f") for number, file in enumerate(files, 1)]


@pytest.mark.parametrize(
    ("files", "plugin"),
    [
        ((ONE,), "one"),
        ((OURS, ONE, LIBRARY), "one"),
        ((ONE, OURS), "one"),
        ((ONE, TWO), "one"),
        ((OURS, ONE, LIBRARY, TWO), "one"),
        ((ONE, OURS, TWO), "two"),
        ((OURS, LIBRARY), ""),
        (("/plugins/one_more/page.py",), ""),
        ((), ""),
    ],
)
def test_the_first_below_the_studio_is_at_fault(files: tuple[str, ...], plugin: str) -> None:
    found = blame.of_stack(stack(*files))
    assert (found.plugin if found else "") == plugin


def test_it_names_the_frame() -> None:
    found = blame.of_stack(stack(OURS, ONE, LIBRARY))
    assert found is not None
    assert found.where == "f in page.py, line 2"


REPORT = f"""Fatal Python error: Segmentation fault

Thread 0x00007f11 (most recent call first):
  File "{TWO}", line 9 in wait
  File "{LIBRARY}", line 8 in run

Current thread 0x00007f12 (most recent call first):
  File "{LIBRARY}", line 3 in dot
  File "{ONE}", line 12 in on_click
  File "{OURS}", line 7 in main

Extension modules: numpy (total: 1)
"""


def test_of_a_crash_only_the_thread_that_crashed_counts() -> None:
    found = blame.of_report(REPORT)
    assert found is not None
    assert (found.plugin, found.where) == ("one", "on_click in page.py, line 12")
    assert blame.of_report(REPORT.replace(ONE, LIBRARY)) is None
    assert blame.of_report("something else") is None


def test_a_plugin_inside_the_folder_of_another_is_its_own(tmp_path: Path) -> None:
    inner = Blame({tmp_path: "outer", tmp_path / "inner": "inner"})
    found = inner.of_stack(stack(str(tmp_path / "inner" / "page.py")))
    assert found is not None
    assert found.plugin == "inner"
