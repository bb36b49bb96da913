"""Requests and packages: what is malformed is said before anything is started."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from studio.api.errors import ErrorCode, StudioError
from studio.api.sandbox import SandboxLimits, SandboxRequest
from studio.sandbox import lent_packages, sandbox

GOOD: Mapping[str, Any] = {"command": ("python", "main.py"), "files": {"src/ä b.py": b""}}


def test_a_good_one_passes() -> None:
    sandbox.check(SandboxRequest(**GOOD))


def test_a_folder_of_a_tool_may_lie_in_a_home(tmp_path: Path) -> None:
    sandbox.check(SandboxRequest(**GOOD, folders=(str(tmp_path),)))


@pytest.mark.parametrize(
    "bad",
    [
        {"command": ()},
        {"command": ("/bin/sh",)},
        {"command": ("",)},
        {"command": ("python", "a\0b")},
        {"files": {"../out.py": b""}},
        {"files": {"/etc/passwd": b""}},
        {"files": {"a/../../b": b""}},
        {"files": {"a//b": b""}},
        {"files": {"": b""}},
        {"files": {".": b""}},
        {"files": {"a\nb": b""}},
        {"files": {"x" * 300: b""}},
        {"files": {str(n): b"" for n in range(3000)}},
        {"files": {"big": b"x" * 11}, "limits": SandboxLimits(scratch_bytes=10)},
        {"limits": SandboxLimits(wall_seconds=float("inf"))},
        {"limits": SandboxLimits(processes=0)},
        {"folders": ("lib",)},
        {"folders": ("/usr/nothing-is-here",)},
        {"folders": ("/",)},
        {"folders": ("/usr/../root",)},
        {"folders": (str(Path.home()),)},
    ],
)
def test_bad_ones_are_refused_in_a_sentence(bad: dict[str, Any]) -> None:
    with pytest.raises(StudioError) as caught:
        sandbox.check(SandboxRequest(**{**GOOD, **bad}))
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert len(caught.value.message) < 400


def test_a_package_brings_what_it_needs_and_nothing_that_starts_by_itself() -> None:
    lent = lent_packages.entries(["PyTest"])
    assert {"pytest", "_pytest", "pluggy", "iniconfig", "packaging"} <= set(lent)
    assert all(path.exists() for path in lent.values())
    assert not [name for name in lent if name.endswith(".pth")]
    assert not {"torch", "bin", ".."} & set(lent)


def test_a_package_that_is_not_there_is_named() -> None:
    with pytest.raises(StudioError, match="nobody-has-this") as caught:
        lent_packages.entries(["nobody_has.this"])
    assert caught.value.code is ErrorCode.BAD_INPUT
