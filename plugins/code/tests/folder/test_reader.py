"""A folder is read where it cannot be written: the kernel says no."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from plugins.code.tests.tasks.scripted import Context
from studio.api import BadInput
from studio.sandbox.sandbox import Sandbox
from studio_code.execution import sandbox_run
from studio_code.folder import reader

HOSTILE = """
import os, sys
root = sys.argv[1] if len(sys.argv) > 1 else __import__("json").load(sys.stdin)["root"]
for name in ("shop.py", "new.py"):
    try:
        with open(os.path.join(root, name), "a") as file:
            file.write("# changed")
    except OSError as error:
        print(name, "refused", error.errno)
print(os.listdir(root))
"""


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    found = Sandbox()
    if not found.tier:
        pytest.skip(found.reason)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)  # where the tests run as an administrator, the sandbox runs as nobody
    (tmp_path / "shop.py").write_text("def total():\n    return 1\n")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/b.js").write_text("const a = 1\n")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules/c.js").write_text("made")
    (tmp_path / ".secret.py").write_text("hidden")
    (tmp_path / "large.py").write_text("x" * (reader.MOST_BYTES + 1))
    (tmp_path / "odd.py").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "link.py").symlink_to("/etc/hostname")
    return tmp_path


def last(steps: Any) -> Any:
    """Run steps to their end and return what they return."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_what_reads_a_folder_cannot_write_it(sandbox: Sandbox, folder: Path) -> None:
    request = reader.request(folder, HOSTILE.encode())
    ran = last(sandbox_run.run(Context(None, sandbox), request))
    assert ran.stdout.count("refused") == 2, ran.output
    assert "deep" in ran.stdout, "it could not even be read"
    assert not (folder / "new.py").exists()
    assert (folder / "shop.py").read_text() == "def total():\n    return 1\n"
    # The control: the same program outside does write.
    outside = subprocess.run(
        [sys.executable, "-I", "-c", HOSTILE, str(folder)], capture_output=True, check=True
    )
    assert b"refused" not in outside.stdout
    assert (folder / "new.py").read_text() == "# changed"
    assert (folder / "shop.py").read_text().endswith("# changed")


def test_code_is_read_without_what_is_hidden_made_large_or_linked(
    sandbox: Sandbox, folder: Path
) -> None:
    found = last(reader.read_folder(Context(None, sandbox), str(folder)))
    assert [each.path for each in found.files] == ["shop.py", "deep/b.js"]
    assert found.guard == sandbox.tier
    folder.chmod(0o700)
    again = last(reader.read_folder(Context(None, sandbox), str(folder)))
    assert again.files == found.files
    assert again.guard == ("" if os.getuid() == 0 else sandbox.tier), "it says what it did"


def test_a_home_is_not_lent_and_no_folder_is_told(sandbox: Sandbox) -> None:
    with pytest.raises(BadInput, match="home of a person"):
        last(reader.read_folder(Context(None, sandbox), str(Path.home())))
    with pytest.raises(BadInput, match="is not a folder"):
        last(reader.read_folder(Context(None, sandbox), "/nowhere/at all"))
