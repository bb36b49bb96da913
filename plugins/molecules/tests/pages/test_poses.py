"""Docked poses are shown in their pocket."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from plugins.molecules.tests.pages.page_desk import Desk
from studio_molecules.pages.structure.pose_viewer import PoseViewer

RECORD = """{title}
     RDKit          3D

  2  1  0  0  0  0  0  0  0  0999 V2000
   10.0000    0.0000    0.0000 C   0  0
   11.0000    0.0000    0.0000 O   0  0
  1  2  1  0
M  END
>  <Pose>
{pose}

>  <Target>
DRD2

>  <Energy (kcal/mol)>
{energy}

$$$$
"""
POCKET = {"symbols": ["C", "N", "O"], "places": [[12, 0, 0], [12, 1.4, 0], [14, 4, 0]]}


def _viewer(desk: Desk, path: Path, text: str) -> Any:
    path.write_text(text, "utf-8")
    return PoseViewer(desk.ctx, SimpleNamespace(path=path, meta={"pocket": POCKET}))


def test_each_pose_is_shown_with_its_energy(desk: Desk, tmp_path: Path) -> None:
    records = [
        RECORD.format(title="drug", pose=number, energy=energy)
        for number, energy in ((1, "-9.100"), (2, "-8.200"))
    ]
    viewer = _viewer(desk, tmp_path / "poses.sdf", "".join(records))
    desk.qtbot.addWidget(viewer)
    desk.until(lambda: viewer.choice.count() == 2)
    assert viewer.words.text() == "-9.100 kcal/mol in DRD2"
    assert viewer.view.atoms == 2
    assert viewer.view.accessibleName().startswith("3-D structure with 2 atoms")
    viewer.choice.setCurrentIndex(1)
    assert viewer.words.text() == "-8.200 kcal/mol in DRD2"
    viewer.resize(300, 300)
    shown = viewer.grab().toImage()
    assert not shown.isNull()


def test_a_file_of_something_else_is_told(desk: Desk, tmp_path: Path) -> None:
    viewer = _viewer(desk, tmp_path / "poses.sdf", "hello\n")
    desk.qtbot.addWidget(viewer)
    desk.until(lambda: viewer.words.text() == "This is not a file of poses.")
