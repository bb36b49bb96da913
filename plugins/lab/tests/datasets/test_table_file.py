"""Tables as people write them: any separator, encoding, gaps, dates, and what is wrong said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from studio.api import BadInput
from studio_lab.datasets.table import joined, only, with_target
from studio_lab.datasets.table_file import Reading, as_csv, parse_table, read_table

MIXED = """name;age;city;joined;code;same
Ann;1,5;Köln;01.02.2020;007;x
Bob;NaN;Bonn;15.03.2021;010;x
Cid;-2,25;Köln;;011;x
"""


def test_kinds_are_found_in_what_a_german_spreadsheet_writes() -> None:
    table = parse_table(MIXED.encode("cp1252"))
    assert [column.kind for column in table.columns] == [
        "category", "number", "category", "date", "category", "constant",
    ]  # fmt: skip
    assert table["age"].values[[0, 2]].tolist() == [1.5, -2.25]
    assert table["age"].missing == 1
    assert table["city"].names == ("Bonn", "Köln")
    assert any("Windows-1252" in note for note in table.notes)
    assert "With gaps: “age” (1), “joined” (1)." in table.notes


def test_what_was_read_is_written_again() -> None:
    table = parse_table(MIXED.encode())
    again = parse_table(as_csv(table))
    assert [c.kind for c in again.columns] == [c.kind for c in table.columns]
    np.testing.assert_array_equal(again.cells(), table.cells())
    assert b"01.02.2020" in as_csv(table)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_encodings_and_separators(encoding: str, separator: str) -> None:
    text = f"ü{separator}b\n1{separator}“x\n2{separator}y\n"
    table = parse_table(text.encode(encoding))
    assert table["ü"].values.tolist() == [1, 2]
    assert table["b"].names == ("y", "“x")


def test_ten_thousand_columns(tmp_path: Path) -> None:
    names = ",".join(f"c{at}" for at in range(10_000))
    (tmp_path / "wide.csv").write_text(names + "\n" + (",".join("12345" * 2000) + "\n") * 3)
    table = read_table(tmp_path / "wide.csv")
    assert len(table.columns) == 10_000
    assert len(table) == 3


def test_odd_rows_and_repeated_names_are_told() -> None:
    table = parse_table(b"a,a,\n1,2,3\n1,2\n4,5,6\n")
    assert [column.name for column in table.columns] == ["a (1)", "a (2)", "column 3"]
    assert len(table) == 2
    assert "another number of cells" in table.notes[0]


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "empty"), (b"a,b\n", "no rows"), (b"\x89PNG\0\0", "not a text file")],
)
def test_what_is_no_table_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        parse_table(data)


def test_classes_of_a_target() -> None:
    rows = [f"{at},{'yes' if at % 3 else 'no'}" for at in range(30)] + ["1,rare", "2,"]
    table, target = with_target(parse_table("\n".join(["a,b", *rows]).encode()), "b")
    assert target.counts == {"yes": 20, "no": 10}
    assert len(table) == 30
    assert [column.name for column in table.columns] == ["a"]
    assert any(
        "“rare” has too few rows and is left out (1 of the 8" in note for note in table.notes
    )


@pytest.mark.parametrize(
    ("column", "words"),
    [("one", "one class"), ("quantity", "different values"), ("none", "no column")],
)
def test_targets_that_are_none(column: str, words: str) -> None:
    rows = "\n".join(f"x,{at}" for at in range(100))
    table = parse_table(f"one,quantity\n{rows}\n".encode())
    with pytest.raises(BadInput, match=words):
        with_target(table, column)


def test_tables_are_joined() -> None:
    table = parse_table(b"a,b\n1,x\n2,y\n")
    both = joined([table, table.at(np.array([1]))])
    assert both["a"].values.tolist() == [1, 2, 2]


FLOWERS = b"5.1,3.5,setosa\n4.9,3.0,setosa\n6.2,3.4,virginica\n5.0,3.6,setosa\n4.8,3.1,setosa\n"


def test_a_first_row_of_data_is_a_row() -> None:
    table = parse_table(FLOWERS)
    assert [each.name for each in table.columns] == ["column 1", "column 2", "column 3"]
    assert len(table) == 5
    assert "The first row looks like data" in table.notes[0]
    named = parse_table(FLOWERS, how=Reading("names"))
    assert [each.name for each in named.columns] == ["5.1", "3.5", "setosa"]
    assert len(named) == 4


@pytest.mark.parametrize(
    ("text", "is_data"),
    [
        ("a,b\n1,x\n2,y\n3,z\n", False),
        ("country,2019,2020,2021\nA,900,2500,3000\nB,4000,100,80\nC,7000,5000,1000\n", False),
        ("id,200\n1,3\n2,4\n3,5\n", False),
        ("yes,red\nno,red\nyes,blue\nno,green\n", True),
        ("answer,colour\nno,red\nyes,blue\nno,green\n", False),
        ("2020-01-05,3\n2020-01-01,9\n2020-02-01,1\n2020-03-01,4\n", True),
        ("1;1,5\n2;0,5\n0;2,5\n3;1,0\n", True),
    ],
)
def test_what_a_first_row_is(text: str, is_data: bool) -> None:
    assert ("looks like data" in " ".join(parse_table(text.encode()).notes)) is is_data
    assert parse_table(text.encode(), how=Reading("data")).columns[0].name == "column 1"


@pytest.mark.parametrize("far", ["inf", "-Infinity", "1e308", "1e309", "9" * 40])
def test_extreme_values_are_refused_with_their_rows_or_limited(far: str) -> None:
    rows = [f"{at % 7},{far if at in (1, 4) else at}" for at in range(20)]
    data = "\n".join(["day,income", *rows]).encode()
    with pytest.raises(BadInput, match="extreme values: “income” in rows 3, 6"):
        parse_table(data)
    table = parse_table(data, how=Reading(extremes="limit"))
    assert table["income"].values.min() == 0
    assert table["income"].values.max() == 19
    assert table["income"].missing == 0
    assert "limited to the range of the others" in table.notes[0]


def test_rows_that_are_large_or_rare_are_no_extremes() -> None:
    table = parse_table(
        "\n".join(["a,b", *(f"{10.0**at},{int(at == 3)}" for at in range(9))]).encode()
    )
    assert table["a"].values.max() == 1e8


def test_one_row_is_told_as_one() -> None:
    assert [only(count, "rows") for count in (0, 1, 1200)] == ["0 rows", "only 1 row", "1,200 rows"]
