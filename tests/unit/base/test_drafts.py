"""Drafts: there at the next start, whole whatever happens, and never outside of their folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from studio.base.drafts import LARGEST, Drafts
from studio.protocol.errors import StudioError

_WRITER = """
import os, sys
from pathlib import Path
from studio.base.drafts import Drafts
drafts = Drafts(Path(sys.argv[1]))
for number in range(1, 10_000):
    drafts.put("piece", str(number).encode() * 5000)
    print(number, flush=True)
"""


def test_what_was_put_is_there_at_the_next_start(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path / "drafts" / "music")
    assert drafts.get("piece") is None
    drafts.put("piece", b"first")
    drafts.put("piece", b"\0second")
    drafts.put("other", b"")
    again = Drafts(tmp_path / "drafts" / "music")
    assert again.get("piece") == b"\0second"
    assert again.get("other") == b""
    again.remove("piece")
    again.remove("piece")
    assert again.get("piece") is None


@pytest.mark.parametrize("name", ["", "../settings", "a/b", "A", ".hidden", "x" * 41, "a\0"])
def test_a_name_stays_in_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a valid draft name"):
        Drafts(tmp_path).put(name, b"x")
    assert list(tmp_path.iterdir()) == []


def test_too_much_is_refused_and_the_draft_before_stays(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path)
    drafts.put("piece", b"small")
    with pytest.raises(StudioError, match="too large"):
        drafts.put("piece", bytes(LARGEST + 1))
    assert drafts.get("piece") == b"small"


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_who_is_killed_leaves_a_whole_draft(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    said = [int(child.stdout.readline()) for _ in range(20)]
    child.kill()
    said += [int(line) for line in child.stdout.read().split()]
    child.wait()
    child.stdout.close()
    found = Drafts(tmp_path).get("piece")
    assert found in (str(said[-1]).encode() * 5000, str(said[-1] + 1).encode() * 5000)
