"""Where rows come from."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from studio.api.errors import StudioError
from studio.automation.workflows.document import InputEntry, Step, Workflow
from studio.automation.workflows.sources import Given, fitting, listed, rows


def taking(kind: str) -> Workflow:
    return Workflow("A", (Step("a", "steps.write"),), input=InputEntry(kind))


def test_a_folder_gives_its_files_of_the_kind_in_the_order_of_people(tmp_path: Path) -> None:
    for name in ("10.png", "2.PNG", "a.txt", ".hidden"):
        (tmp_path / name).touch()
    found = [Path(row.file).name for row in rows(tmp_path, taking("image"))]
    assert found == ["2.PNG", "10.png"]
    with pytest.raises(StudioError, match="There is no audio in the folder"):
        list(rows(tmp_path, taking("audio")))


def test_a_table_gives_its_lines(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text('\ufeffprompt,seed\nfox,1\n"a, b",2\n')
    found = list(rows(table, taking("table")))
    assert found == [
        Given(columns={"prompt": "fox", "seed": "1"}),
        Given(columns={"prompt": "a, b", "seed": "2"}),
    ]
    assert found[1].title == "a, b"
    table.write_text("input,seed\nfox,1\n")
    assert next(rows(table, taking("text"))).text == "fox"
    assert next(rows(table, taking("image"))).file == str(tmp_path / "fox")
    table.write_text("a,a\n1,2\n")
    with pytest.raises(StudioError, match="no names of their own"):
        list(rows(table, taking("table")))


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_what_separates_the_columns_is_seen(tmp_path: Path, separator: str) -> None:
    table = tmp_path / "a.csv"
    table.write_text(f'name{separator}note\nfox{separator}"a, b; c"\n')
    assert list(rows(table, taking("table"))) == [Given(columns={"name": "fox", "note": "a, b; c"})]
    table.write_text("input\nred, green; blue\n")
    assert next(rows(table, taking("text"))).text == "red", "a comma cuts, as it always did"


@pytest.mark.parametrize("before", ["input\n", ""])
def test_a_cell_that_is_too_long_is_told_plainly(tmp_path: Path, before: str) -> None:
    table = tmp_path / "a.csv"
    table.write_text(f"{before}{'x' * 131_073}\n")
    at = 1 + before.count("\n")
    with pytest.raises(StudioError, match=f"line {at}: a cell is longer than 131,072 characters"):
        list(rows(table, taking("text")))


def naming(reference: str) -> Workflow:
    return Workflow("A", (Step("a", "steps.write", {"prompt": reference}),), InputEntry("table"))


def test_missing_columns_are_told_once_and_before_all_rows() -> None:
    several = [Given(columns={"name": "fox", "mood": "sly"})] * 3
    assert list(fitting(several, naming("a {row.mood} {row.name}"))) == several
    with pytest.raises(StudioError, match="no column “colour”") as told:
        next(fitting(several, naming("{row.colour}")))
    assert told.value.hint == "Columns: name, mood."
    with pytest.raises(StudioError, match=r"not clear which column \{input\} means") as told:
        next(fitting(several, naming("{input}")))
    assert "Columns: name, mood. Name one of them “input”" in told.value.hint
    with pytest.raises(StudioError, match="no column “colour”"):
        next(fitting([Given(text="fox")], naming("{row.colour}")))
    one = [Given("fox", columns={"name": "fox"})]
    assert list(fitting(one, naming("{input}"))) == one
    named = [Given(columns={"input": "", "name": "fox"})]
    assert list(fitting(named, naming("{input}"))) == named, "a gap is of its row alone"
    with pytest.raises(StudioError, match="no inputs to run on"):
        next(fitting([], naming("{input}")))


def test_a_list_gives_its_lines(tmp_path: Path) -> None:
    found = tmp_path / "a.txt"
    found.write_text("one\n\n two \n")
    assert [row.text for row in rows(found, taking("text"))] == ["one", "two"]
    assert [row.file for row in rows(found, taking("image"))] == [
        str(tmp_path / "one"),
        str(tmp_path / "two"),
    ]
    one = tmp_path / "a.png"
    one.touch()
    assert [row.file for row in rows(one, taking("image"))] == [str(one)]


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="There is no folder, table or list"):
        list(rows(tmp_path / "none", taking("text")))
    with pytest.raises(StudioError, match="takes no input"):
        list(rows(tmp_path, taking("none")))
    (tmp_path / "a.txt").write_bytes(b"PK\0\1")
    with pytest.raises(StudioError, match=r"a\.txt is not text, so it cannot be a list or table"):
        list(rows(tmp_path / "a.txt", taking("image")))


def test_rows_are_read_as_they_are_wanted() -> None:
    endless = (f"line {number}" for number in iter(int, 1))
    assert len(list(islice(listed(endless, "text", Path()), 5))) == 5
