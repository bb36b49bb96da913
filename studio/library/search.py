"""Finding results by one line: words, fields and parameters. Reads only.

The answer of a search is the numbers of the rows, all of them, newest first: so the count is exact,
any place of a long list is reached at once, and rows are read only where somebody looks.
"""

from __future__ import annotations

import difflib
import json
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from studio.api.artifacts import Kind
from studio.library.rows import Artifact, readable
from studio.library.search_query import (
    BIN,
    FIELDS,
    STARRED,
    VERDICTS,
    Term,
    like_pattern,
    match_expression,
    moment,
    number,
    parse,
    phrase_expression,
)
from studio.library.storage import row_writer
from studio.library.storage.database import Database
from studio.protocol.errors import ErrorCode, StudioError

Condition = tuple[str, list[Any]]

Conditions = list[Condition]

_CREATED = {"after": ">=", "before": "<"}
_FACTS = {"plugin": ":plugin", "task": ":task", "model": ":model"}
"""Field → its name among the facts; a parameter has its own."""
_SWITCHES = {"true": 1, "yes": 1, "on": 1, "false": 0, "no": 0, "off": 0}
_INDEXED = "SELECT rowid FROM artifact_search WHERE artifact_search MATCH ?"
_MOST_NAMES, _MOST_VALUES = 200, 200

_NAMES = """
    WITH RECURSIVE named(name) AS (
        SELECT min(name) FROM facts
        UNION ALL SELECT (SELECT min(name) FROM facts WHERE facts.name > named.name) FROM named
        WHERE named.name IS NOT NULL
    ) SELECT name FROM named WHERE name IS NOT NULL AND name NOT LIKE ':%' LIMIT ?
"""
_VALUES = """
    WITH RECURSIVE given(value) AS (
        SELECT min(value) FROM facts WHERE name = ?1
        UNION ALL SELECT (
            SELECT min(value) FROM facts WHERE name = ?1 AND facts.value > given.value
        ) FROM given WHERE given.value IS NOT NULL
    ) SELECT value FROM given WHERE value IS NOT NULL LIMIT ?2
"""
"""Both hop from one to the next in the index: a library of any size has few of them."""


class Search:
    """The search of a library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keys(self, line: str = "") -> array[int]:
        """Return the numbers of the rows that a line finds, newest first. Milliseconds.

        Raises:
            StudioError: ``BAD_INPUT``: a sentence about the line.
        """
        terms = parse(line)
        binned = any(_is_bin(term) and not term.negated for term in terms)
        away = "SELECT n FROM artifacts WHERE binned_at IS NOT NULL"
        wanted, unwanted = self._conditions(terms, "NOT NULL" if binned else "NULL")
        if binned:
            wanted.insert(0, (away, []))
        elif wanted:
            unwanted.append((away, []))
        else:
            wanted.append(("SELECT n FROM artifacts WHERE binned_at IS NULL", []))
        keys = self._numbers(*wanted[0])
        for condition in wanted[1:]:
            inside = set(self._numbers(*condition)) if keys else set()
            keys = [key for key in keys if key in inside]
        for condition in unwanted:
            inside = set(self._numbers(*condition)) if keys else set()
            keys = [key for key in keys if key not in inside]
        keys.sort(reverse=True)
        return array("q", keys)

    def rows(self, keys: Iterable[int]) -> dict[int, Artifact]:
        """Return number → artifact; one that was erased since is left out, one that cannot be read
        says so in its title."""
        wanted = json.dumps(list(keys))
        rows = self._database.all(
            "SELECT * FROM artifacts WHERE n IN (SELECT value FROM json_each(?))", wanted
        )
        return {row["n"]: readable(Artifact, row) for row in rows}

    def find(self, line: str = "", limit: int = 100) -> list[Artifact]:
        """Return the artifacts that a line finds, newest first.

        Raises:
            StudioError: ``BAD_INPUT``: a sentence about the line.
        """
        keys = self.keys(line)[: limit if limit >= 0 else None]
        rows = self.rows(keys)
        return [rows[key] for key in keys if key in rows]

    def ids(self, keys: Iterable[int]) -> list[str]:
        """Return the ids of the artifacts of rows, in their order; erased ones are left out."""
        wanted = list(keys)
        rows = self._database.all(
            "SELECT n, id FROM artifacts WHERE n IN (SELECT value FROM json_each(?))",
            json.dumps(wanted),
        )
        by_key = {row[0]: row[1] for row in rows}
        return [by_key[key] for key in wanted if key in by_key]

    def key(self, id: str) -> int | None:
        """Return the number of an artifact's row, None if it is gone."""
        number: int | None = self._database.value("SELECT n FROM artifacts WHERE id = ?", id)
        return number

    def check_kinds(self, kinds: Iterable[str]) -> None:
        """Make sure that there are results of these kinds, or might be.

        Raises:
            StudioError: ``BAD_INPUT``: no plugin of the studio makes one, and there is none.
        """
        existing = list(dict.fromkeys([*self.values("kind"), *Kind]))
        for kind in kinds:
            if kind not in existing:
                message = f"No result is of the kind “{kind}”."
                hint = _instead(kind, existing, "Kinds: {names}.", most=len(existing))
                raise StudioError(ErrorCode.BAD_INPUT, message, hint)

    # --- what a line can be completed by ------------------------------------------------------

    def values(self, field: str) -> list[str]:
        """Return the values for ``field:``, the usual first; for a parameter, the values in use."""
        if field == "kind":
            sql = "SELECT kind FROM artifacts GROUP BY kind ORDER BY count(*) DESC"
        elif field == "tag":
            sql = "SELECT tag FROM artifact_tags GROUP BY tag ORDER BY tag"
        elif field == "in":
            sql = "SELECT title FROM collections ORDER BY title COLLATE NOCASE, id"
        elif field == "verdict":
            return list(VERDICTS)
        elif field in ("after", "before"):
            return ["today", "yesterday", "7d", "30d"]
        else:
            name = _FACTS.get(field, field)
            rows = self._database.all(_VALUES, name, _MOST_VALUES)
            return [_said(row[0]) for row in rows]
        return [row[0] for row in self._database.all(sql)]

    def parameters(self) -> list[str]:
        """Return the names of the parameters there are."""
        return [row[0] for row in self._database.all(_NAMES, _MOST_NAMES)]

    # --- conditions ---------------------------------------------------------------------------

    def _conditions(self, terms: Sequence[Term], bin: str) -> tuple[Conditions, Conditions]:
        """Return the queries whose rows are wanted, and those whose rows are not; ``bin``: what
        ``binned_at`` is of what is looked for."""
        wanted: Conditions = []
        unwanted: Conditions = []
        words = [term for term in terms if not (term.field or term.negated) and _expression(term)]
        dates = [term for term in terms if term.field in _CREATED and not term.negated]
        if words:  # all at once: the index of words intersects better than we do
            wanted.append((_INDEXED, [" AND ".join(map(_expression, words))]))
        if dates:
            clause = " AND ".join(f"created {_CREATED[term.field]} ?" for term in dates)
            values: list[Any] = [moment(term.value) for term in dates]
            wanted.append((f"SELECT n FROM artifacts WHERE {clause}", values))
        for term in terms:
            if not (term in words or term in dates or _is_bin(term)):
                (unwanted if term.negated else wanted).append(self._of(term, bin))
        return wanted, unwanted

    def _numbers(self, sql: str, values: list[Any]) -> list[int]:
        """Return the results of a one-column query: as one text, ten times as fast as in rows."""
        packed = self._database.value(
            f"WITH found(key) AS ({sql}) SELECT json_group_array(key) FROM found", *values
        )
        return msgspec.json.decode(packed, type=list[int])

    def _of(self, term: Term, bin: str) -> Condition:
        """Return the query of all rows of which a term holds."""
        if term.field == STARRED:
            return "SELECT n FROM artifacts WHERE starred", []
        if not term.field:
            return _words(term)
        match term.field:
            case "kind":
                kinds = [value.casefold() for value in term.values]
                self.check_kinds(kinds)
                here = f"binned_at IS {bin} AND kind IN {_marks(kinds)}"
                return f"SELECT n FROM artifacts WHERE {here}", kinds
            case "after" | "before":
                clause = f"created {_CREATED[term.field]} ?"
                return f"SELECT n FROM artifacts WHERE {clause}", [moment(term.value)]
            case "verdict":
                return _verdict(term)
            case "in":
                return self._collection(term)
            case "tag":
                joined = "artifact_tags JOIN artifacts ON artifacts.id = artifact_tags.artifact"
                inside = f"SELECT n FROM {joined} WHERE tag IN {_marks(term.values)}"
                return inside, list(term.values)
            case "plugin" | "task" | "model":
                return _one_of(_FACTS[term.field], self._meant(term))
        self._must_be_known(term.field)
        if term.operator in (":", "="):
            return self._parameter(term)
        # Numbers come before all texts.
        compared = f"value {term.operator} ?" + " AND value < ''" * term.operator.startswith(">")
        sql = f"SELECT artifact FROM facts WHERE name = ? AND {compared}"
        return sql, [term.field, number(term.value)]

    def _parameter(self, term: Term) -> Condition:
        """Return the query of the rows whose parameter has a value, or a text it is a part of."""
        wanted: list[Any] = list(term.values)
        for value in term.values:
            read, switch = number(value), _SWITCHES.get(value.casefold())
            wanted += [candidate for candidate in (read, switch) if candidate is not None]
        given = self._database.all(_VALUES, term.field, _MOST_VALUES + 1)
        if term.operator == "=" or term.quoted or len(wanted) > len(term.values):
            return _one_of(term.field, wanted)
        if len(given) <= _MOST_VALUES:
            return _one_of(term.field, [*wanted, *self._meant(term)])
        parts = " OR ".join(r"value LIKE ? ESCAPE '\'" for _ in term.values)
        sql = f"SELECT artifact FROM facts WHERE name = ? AND ({parts})"
        return sql, [term.field, *map(like_pattern, term.values)]

    def _meant(self, term: Term) -> list[str]:
        """Return the existing values that a term's value equals or is a part of."""
        candidates = [(value, value.casefold()) for value in self.values(term.field)]
        wanted = [value.casefold() for value in term.values]
        if term.operator == "=" or term.quoted:
            return [value for value, plain in candidates if plain in wanted]
        return [value for value, plain in candidates if any(part in plain for part in wanted)]

    def _collection(self, term: Term) -> Condition:
        ids: list[str] = []
        for title in term.values:
            rows = self._database.all(
                "SELECT id FROM collections WHERE title = ? COLLATE NOCASE OR id = ?", title, title
            )
            if not rows:
                raise StudioError(
                    ErrorCode.BAD_INPUT,
                    f"There is no collection “{title}”.",
                    _instead(title, self.values("in"), "Collections: {names}."),
                )
            ids += [row[0] for row in rows]
        joined = "collection_items JOIN artifacts ON artifacts.id = collection_items.artifact"
        return f"SELECT n FROM {joined} WHERE collection IN {_marks(ids)}", ids

    def _must_be_known(self, name: str) -> None:
        if self._database.one("SELECT 1 FROM facts WHERE name = ? LIMIT 1", name) is None:
            raise StudioError(
                ErrorCode.BAD_INPUT,
                f"No result has a parameter “{name}”.",
                _instead(
                    name,
                    [*FIELDS, *self.parameters()],
                    "To search for the words themselves, put them in quotation marks.",
                ),
            )


def _expression(term: Term) -> str:
    return (phrase_expression if term.quoted else match_expression)(term.value)


def _words(term: Term) -> Condition:
    if expression := _expression(term):
        return _INDEXED, [expression]
    anywhere = r"(title || ' ' || prompt || ' ' || text) LIKE ? ESCAPE '\'"
    return f"SELECT n FROM artifacts WHERE {anywhere}", [like_pattern(term.value)]


def _verdict(term: Term) -> Condition:
    wanted = [value.casefold() for value in term.values]
    if "none" not in wanted:
        return _one_of(":verdict", wanted)
    others = sorted({"passed", "failed"} - {*wanted})
    inside = f"name = ':verdict' AND value IN {_marks(others)}"
    return (
        f"SELECT n FROM artifacts WHERE n NOT IN (SELECT artifact FROM facts WHERE {inside})",
        list(others),
    )


def _one_of(name: str, values: Sequence[Any]) -> Condition:
    inside = f"name = ? AND value IN {_marks(values)}"
    return f"SELECT artifact FROM facts WHERE {inside}", [name, *values]


def _marks(values: Iterable[Any]) -> str:
    return row_writer.marks(values)


def _is_bin(term: Term) -> bool:
    return term.field == "in" and not term.quoted and term.value.casefold() == BIN


def _instead(wrong: str, options: Sequence[str], otherwise: str, most: int = 8) -> str:
    if near := difflib.get_close_matches(wrong, options, 1, 0.7):
        return f"Did you mean “{near[0]}”?"
    return otherwise.format(names=", ".join(options[:most]) or "none yet")


def _said(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
