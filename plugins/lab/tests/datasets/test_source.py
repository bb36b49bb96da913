"""What was chosen is taken for what it is, by the endings of its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.api import BadInput
from studio_lab.datasets.dataset import DataKind
from studio_lab.datasets.folders import files_in
from studio_lab.datasets.source import FORMATS, format_of


def chosen(place: Path, *takes: DataKind) -> str:
    files = list(files_in(place)) if place.is_dir() else [place]
    found = format_of(place, files, takes)
    return next(name for name, each in FORMATS.items() if each is found)


@pytest.mark.parametrize(
    ("names", "name"),
    [
        (["a.png", "b/c.JPG", "notes.txt"], "pictures"),
        (["a.mid", "b/c.MIDI", "cover.png"], "tunes"),
        (["a.txt", "b.md", "cover.png"], "texts"),
        (["yes/a.wav", "no/b.WAV", "readme.txt"], "sounds"),
        ([".hidden.txt", ".git/a.txt", "a.png"], "pictures"),
    ],
)
def test_a_folder_is_what_most_of_its_files_are(
    tmp_path: Path, names: list[str], name: str
) -> None:
    for each in names:
        (tmp_path / each).parent.mkdir(exist_ok=True)
        (tmp_path / each).touch()
    assert chosen(tmp_path, "text") == name


def test_a_table_is_what_the_architecture_takes(tmp_path: Path) -> None:
    plain, smiles = tmp_path / "a.csv", tmp_path / "b.csv"
    plain.write_text("a,b\n1,2\n")
    smiles.write_text("id,smiles\n1,CCO\n")
    assert chosen(plain, "pairs") == "pairs"
    assert chosen(plain, "pictures", "table") == "table"
    assert chosen(plain, "text") == "texts"
    assert chosen(smiles, "text") == "molecules"


def test_a_file_of_no_known_kind_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.xyz"
    path.touch()
    with pytest.raises(BadInput, match=r"a folder of sounds \(WAV\) or a table"):
        chosen(path, "pictures", "table")
