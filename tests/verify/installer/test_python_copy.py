"""The Python of the folder runs wherever it is put, and has nothing that may not be passed on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from installers import python_copy


def test_a_copied_python_runs_where_it_is_put(tmp_path: Path) -> None:
    target = tmp_path / "a copy" / "python"
    python_copy.copy_python(Path(sys.base_prefix), target)
    moved = tmp_path / "anderswo-ü"
    target.parent.rename(moved)
    question = "import sys, ssl, sqlite3, lzma, ctypes; print(sys.prefix, sqlite3.__file__)"
    python = str(moved / "python/bin/python3")
    said = subprocess.check_output([python, "-c", question], text=True, env={})
    assert said.count(str(moved)) == 2
    maps = "print([x.split()[-1] for x in open('/proc/self/maps') if 'libpython' in x][0])"
    library = subprocess.check_output([python, "-c", maps], text=True, env={})
    assert Path(library.strip()).is_relative_to(moved), "it looks beside itself"
    gpl = [*moved.glob("python/lib/python3*/lib-dynload/readline*")]
    assert gpl == []
