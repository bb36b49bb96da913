"""Which Python sandboxed code gets, and what that needs."""

from __future__ import annotations

from pathlib import Path

from studio.sandbox import interpreter


def test_a_python_that_looks_beside_itself_is_told_where_that_is(tmp_path: Path) -> None:
    """As an installer brings it: the linker would ask ``/proc``, which is not there inside."""
    (tmp_path / "lib").mkdir()
    program = tmp_path / "python3"
    for content, told in ((b"\x7fELF $ORIGIN/../lib", True), (b"\x7fELF /usr/lib", False)):
        program.write_bytes(content)
        found = interpreter.at(program, tmp_path, (3, 11))
        expected = {"LD_LIBRARY_PATH": str(tmp_path / "lib")} if told else {}
        assert found.environment == expected
