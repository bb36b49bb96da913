"""Machine code that is kept is never older than any of the kernels."""

from __future__ import annotations

from pathlib import Path

from studio.runtime.engines.text.kernels.jit import forget_stale


def test_a_change_of_one_module_forgets_the_code_of_all(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("1")
    (tmp_path / "two.py").write_text("2")
    forget_stale(tmp_path)
    kept = [tmp_path / "__pycache__" / name for name in ("one.f-1.nbi", "one.f-1.1.nbc")]
    other = tmp_path / "__pycache__" / "one.pyc"
    for file in (*kept, other):
        file.write_text("code")
    forget_stale(tmp_path)
    assert all(file.exists() for file in kept), "control: nothing has changed"
    (tmp_path / "two.py").write_text("3")
    forget_stale(tmp_path)
    assert not any(file.exists() for file in kept)
    assert other.exists()
