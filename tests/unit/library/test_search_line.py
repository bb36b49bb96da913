"""The search line: words, fields and parameters, and a sentence about what means nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

from studio.api.artifacts import NewArtifact
from studio.api.window.work_queue import outcome
from studio.library import Library
from studio.library.search_line import completed, completions, has, put
from studio.library.search_query import LONGEST, moment, parse, snippet
from studio.library.storage import schema
from studio.protocol.errors import ErrorCode, StudioError

GOOD = {"checks": [{"name": "sound", "passed": True}]}
BAD = {"checks": [{"name": "sound", "passed": True}, {"name": "whole", "passed": False}]}


def fill(library: Library) -> None:
    picture = library.add_record(
        "image.generate",
        {"prompt": "A fox in the snow", "steps": 20, "sampler": "euler_a", "hires": True},
        seed=5,
        plugin="image",
    )
    library.records.complete(picture.id, weights={"image/small": "0" * 64})
    song = library.add_record("music.compose", {"steps": 8.5, "key": "7"}, plugin="music")
    made = [
        library.add_artifact(
            NewArtifact("image", b"1", suffix=".png", title="Fox", verdict=GOOD), record=picture.id
        ),
        library.add_artifact(
            NewArtifact("score", b"2", suffix=".mid", title="Song", verdict=BAD), record=song.id
        ),
        library.add_artifact(
            NewArtifact("text", b"3", suffix=".txt", title="Poem", text="the quick brown fox 東京")
        ),
        library.add_artifact(NewArtifact("text", b"4", suffix=".txt", title="Gone fox")),
    ]
    library.star(made[1].id)
    library.bin(made[3].id)
    best = library.collections.create("Best of")
    library.collections.put(best.id, [made[2].id])
    library.tags.add("Cover", [made[0].id, made[2].id])


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with Library.open(tmp_path_factory.mktemp("search") / "library") as library:
        fill(library)
        yield library


def titles(library: Library, line: str) -> list[str]:
    return [found.title for found in library.search.find(line)]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", "Poem Song Fox"), ("fox", "Poem Fox"), ("fox -snow", "Poem"), ("-fox", "Song"),
        ('"brown fox"', "Poem"), ('"fox brown"', ""), ("東京", "Poem"), ("fox 東京", "Poem"),
        ("kind:image", "Fox"), ("kind:image,score", "Song Fox"), ("-kind:text", "Song Fox"),
        ("KIND:Image", "Fox"), ("plugin:music", "Song"), ("task:image", "Fox"),
        ("model:small", "Fox"), ("model:large", ""), ("-model:small", "Poem Song"),
        ("steps>8", "Song Fox"), ("steps>=20", "Fox"), ("steps<20", "Song"), ("steps<=8.5", "Song"),
        ("steps>20", ""), ("steps:20", "Fox"), ("steps=20", "Fox"), ("seed:5", "Fox"),
        ("hires:yes", "Fox"), ("hires:no", ""), ("sampler:euler", "Fox"), ("sampler=euler", ""),
        ('sampler:"euler_a"', "Fox"), ("-sampler:euler", "Poem Song"), ("key:7", "Song"),
        ("verdict:passed", "Fox"), ("verdict:failed", "Song"), ("verdict:none", "Poem"),
        ("verdict:none,failed", "Poem Song"), ("-verdict:failed", "Poem Fox"),
        ("starred", "Song"), ("-starred", "Poem Fox"), ('"starred"', ""),
        ('in:"best of"', "Poem"), ('-in:"Best of"', "Song Fox"), ("in:bin", "Gone fox"),
        ("in:bin fox", "Gone fox"), ("-in:bin fox", "Poem Fox"), ("in:bin kind:image", ""),
        ("tag:cover", "Poem Fox"), ("-tag:COVER", "Song"), ("tag:cover kind:text", "Poem"),
        ("after:today", "Poem Song Fox"), ("before:today", ""), ("-after:today", ""),
        ("after:yesterday before:2999-01-01", "Poem Song Fox"), ("http://nowhere", ""), ("-", ""),
        ('"fox', "Poem Fox"), ("prompt:snow", "Fox"),
    ],
)  # fmt: skip
def test_a_line_finds(filled: Library, line: str, found: str) -> None:
    assert " ".join(titles(filled, line)) == found


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("after:soon", "“soon” is not a date"),
        ("kind:", "Nothing follows “kind:”"),
        ("kind:bogus", "No result is of the kind “bogus”"),
        ("kind:image,bogus", "Kinds: "),
        ("-kind:imge", "Did you mean “image”"),
        ("steps>many", "“many” is not a number"),
        ("kind>3", "“kind” cannot be compared"),
        ("verdict:maybe", "no verdict “maybe”"),
        ("in:Nowhere", "There is no collection “Nowhere”. Collections: Best of."),
        ("kidn:image", "No result has a parameter “kidn”. Did you mean “kind”?"),
        ("stepz>3", "Did you mean “steps”?"),
        ("x" * 10_240, "10,240 characters"),
        ("a " * 200, "200 words"),
        ("steps>1e999", "not a number"),
    ],
)
def test_what_means_nothing_is_said_in_a_sentence(filled: Library, line: str, said: str) -> None:
    with pytest.raises(StudioError) as told:
        filled.search.keys(line)
    assert told.value.code is ErrorCode.BAD_INPUT
    assert said in str(told.value)


@pytest.mark.parametrize(
    "line", ['"', "((", "NEAR(a b)", "a:b:c", ":", ">", "-:", "--", "\x00", "%", "'; DROP", "🦊:🦊",
             "-" * LONGEST, '"' * LONGEST, "a," * 300, "in:,", "kind:,,"],
)  # fmt: skip
def test_no_line_does_more_than_find_or_tell(filled: Library, line: str) -> None:
    told = outcome(lambda: filled.search.keys(line))
    assert not isinstance(told, StudioError) or told.code is ErrorCode.BAD_INPUT
    assert len(filled.search.keys()) == 3


def test_what_completes_a_line(filled: Library) -> None:
    assert filled.search.parameters() == ["hires", "key", "prompt", "sampler", "seed", "steps"]
    assert filled.search.values("sampler") == ["euler_a"]
    assert filled.search.values("steps") == ["8.5", "20"]
    assert filled.search.values("model") == ["image/small"]
    assert filled.search.values("plugin") == ["image", "music"]
    assert filled.search.values("in") == ["Best of"]
    assert filled.search.values("tag") == ["Cover"]
    assert set(filled.search.values("kind")) == {"image", "score", "text"}


def test_dates_are_of_this_place() -> None:
    now = datetime(2026, 11, 28, 15, 30).astimezone()
    day = datetime(2026, 11, 28).astimezone().timestamp()
    assert moment("today", now) == moment("2026-11-28", now) == day
    assert moment("2026-11", now) == datetime(2026, 11, 1).astimezone().timestamp()
    assert moment("2d", now) == now.timestamp() - 2 * 86_400
    assert moment("2026-13-01", now) is None


def test_a_hit_is_shown_with_its_word() -> None:
    text = "begin " * 60 + "Über den Fluß " + "end " * 60
    shown, start, end = snippet(parse("uber kind:text -end"), "a title", text)
    assert shown[start:end] == "Über"
    assert shown.startswith("…")
    road = "an der Straße"
    assert snippet(parse("strasse"), road) == (road, 7, 13)
    assert snippet(parse("foxes"), "a fox") == ("a fox", 2, 5)
    assert snippet(parse("kind:text"), "", "words") == ("words", 0, 0)


def test_what_recipes_say_is_kept_true(library: Library) -> None:
    fill(library)
    before = {line: titles(library, line) for line in ("model:small", "steps>8", "tag:cover")}
    fox = library.search.find("seed:5")[0]
    library.records.complete(fox.record, weights={"image/large": "1" * 64})
    assert titles(library, "model:large") == ["Fox"]
    library.records.complete(fox.record, weights={"image/small": "0" * 64})
    library.rebuild()
    assert {line: titles(library, line) for line in before} == before
    assert all(before.values())
    library.erase([fox.id])
    assert "Fox" not in titles(library, "tag:cover")
    assert "prompt" not in library.search.parameters()


def test_tags_go_on_and_off(library: Library) -> None:
    fill(library)
    fox, poem = library.search.find("kind:image")[0], library.search.find("kind:text")[0]
    assert library.tags.add("cOVER", [poem.id]) == "Cover", "as it was written first"
    assert library.tags.all() == {"Cover": 2}
    library.tags.remove("cover", [poem.id])
    library.tags.add("old, and tried", [fox.id])
    assert library.tags.of([fox.id, poem.id]) == ["Cover", "old and tried"]
    library.rebuild()
    assert library.tags.of([fox.id, poem.id]) == ["Cover", "old and tried"]
    for wrong in ("", ' " ', "x" * 100):
        with pytest.raises(StudioError, match="1 to 60 characters"):
            library.tags.add(wrong, [fox.id])
    with pytest.raises(StudioError, match="no item"):
        library.tags.add("x", [fox.id, "nothing"])
    assert "x" not in library.tags.all()


def test_a_damaged_row_costs_no_other(library: Library, folder: Path) -> None:
    fill(library)
    fox = library.search.find("seed:5")[0]
    with closing(sqlite3.connect(folder / "library.db")) as connection, connection:
        connection.execute("UPDATE artifacts SET meta = '{' WHERE id = ?", (fox.id,))
        connection.execute("UPDATE records SET params = '{\"a' WHERE id = ?", (fox.record,))
    found = library.search.find()
    assert len(found) == 3
    assert found[-1].title.startswith("Damaged entry")
    with pytest.raises(StudioError, match="is damaged"):
        library.record(fox.record)
    library.rebuild()
    assert library.search.find()[-1] == fox
    assert library.record(fox.record).seed == 5


def test_an_older_database_learns_what_its_recipes_say(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        with monkeypatch.context() as patched:
            patched.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:5])
            schema.migrate(connection)
        insert(
            connection, "records", id="r", task="image.generate", params='{"steps": 20}', plugin="p"
        )
        insert(connection, "records", id="bad", task="image.generate", params="{", plugin="p")
        for record in ("r", "bad"):
            insert(connection, "artifacts", id=record, record=record, verdict=json.dumps(BAD))
        schema.migrate(connection)
        facts = connection.execute(
            "SELECT name, value, artifact FROM facts ORDER BY artifact, name"
        )
        assert facts.fetchall() == [
            (":plugin", "p", 1), (":task", "image.generate", 1), (":verdict", "failed", 1),
            ("steps", 20, 1),
            (":plugin", "p", 2), (":task", "image.generate", 2), (":verdict", "failed", 2),
        ]  # fmt: skip


def insert(connection: sqlite3.Connection, table: str, **given: str) -> None:
    """Insert a row; what is not given is empty."""
    columns = {
        row[1]: {"INTEGER": 0, "REAL": 0.0}.get(row[2], "")
        for row in connection.execute(f"PRAGMA table_info({table})")
        if row[3] and row[1] != "n"
    } | given
    for name in ("weights", "inputs", "versions", "meta"):
        if columns.get(name) == "":
            columns[name] = "{}"
    marks = ", ".join("?" * len(columns))
    connection.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", tuple(columns.values())
    )


@pytest.mark.parametrize(
    ("line", "change", "becomes"),
    [
        ("", ("kind", "image", True), "kind:image"),
        ("fox kind:image", ("kind", "text", True), "fox kind:image,text"),
        ("kind:image,text fox", ("kind", "image", False), "fox kind:text"),
        ("fox kind:image", ("kind", "IMAGE", False), "fox"),
        ("fox", ("starred", "", True), "fox starred"),
        ("fox starred snow", ("starred", "", False), "fox snow"),
        ("fox", ("in", "Best of", True), 'fox in:"Best of"'),
        ('in:"Best of" fox', ("in", "Best of", False), "fox"),
        ("-kind:image", ("kind", "image", True), "-kind:image kind:image"),
        ("fox", ("tag", "none", False), "fox"),
    ],
)
def test_menus_write_into_the_line(line: str, change: tuple[str, str, bool], becomes: str) -> None:
    field, value, on = change
    assert put(line, field, value, on=on) == becomes
    assert has(becomes, field, value) is on


def test_a_date_takes_the_place_of_another() -> None:
    assert put("after:today fox", "after", "7d", alone=True) == "fox after:7d"


@pytest.mark.parametrize(
    ("line", "field", "offers"),
    [
        ("fox ki", "", ["kind:"]), ("st", "", ["starred", "steps:"]), ("-pl", "", ["plugin:"]),
        ("kind:", "kind", ["kind:image", "kind:text"]), ("fox kind:te", "kind", ["kind:text"]),
        ("kind:image,t", "kind", ["kind:image,text"]), ("kind:text", "kind", []),
        ("in:be", "in", ['in:"Best of"']), ('in:"be', "in", ['in:"Best of"']),
        ("sampler:", "sampler", []), ("", "", []), ('"ki', "", []),
    ],
)  # fmt: skip
def test_a_line_is_completed(line: str, field: str, offers: list[str]) -> None:
    known = {"": ["steps"], "kind": ["image", "text"], "in": ["Best of"]}
    assert completions(line, len(line), known) == (field, offers)


def test_a_completion_takes_the_place_of_what_was_begun() -> None:
    assert completed("fox -ki snow", 7, "kind:") == ("fox -kind:snow", 10)
    assert completed("fox kind:im", 11, "kind:image") == ("fox kind:image ", 15)
