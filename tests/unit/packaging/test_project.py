"""The fingerprint decides whether pip runs again: it must see what matters and nothing else."""

from __future__ import annotations

from pathlib import Path

from studio_setup.project import Project


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_plugins_with_a_pyproject_are_installed_in_order(project: Project) -> None:
    names = [folder.name for folder in project.packages()]
    assert names == ["checkout", "chat", "zither"]


def test_lint_settings_do_not_reinstall(project: Project) -> None:
    before = project.install_fingerprint()
    edit(project.root / "pyproject.toml", "line-length = 100", "line-length = 90")
    assert project.install_fingerprint() == before


def test_dependencies_pins_and_plugins_reinstall(project: Project) -> None:
    seen = {project.install_fingerprint()}
    edit(project.root / "plugins/chat/pyproject.toml", "numpy", "pillow")
    seen.add(project.install_fingerprint())
    project.constraints.write_text("numpy==2.1\n")
    seen.add(project.install_fingerprint())
    (project.root / "plugins/notes/pyproject.toml").write_text("[project]\nname = 'notes'\n")
    seen.add(project.install_fingerprint())
    assert len(seen) == 4


def test_a_moved_checkout_reinstalls(project: Project, tmp_path: Path) -> None:
    before = project.install_fingerprint()
    moved = project.root.rename(tmp_path / "moved")
    assert Project(moved).install_fingerprint() != before
