"""Runs SQL in SQLite and prints what comes of it; tests of SQL as TAP. Lent to the sandbox.

The first argument is the program, the others are files of tests: after a line ``-- test: name``
comes one query, whose every value must be true, and which must have a row.
"""

from __future__ import annotations

import re
import sqlite3
import sys

_MOST_ROWS, _WIDEST = 1000, 60
_TEST = re.compile(r"^--\s*test:\s*(.+?)\s*$", re.MULTILINE | re.IGNORECASE)


def statements(text: str) -> list[tuple[int, str]]:
    """Return (line, text) of each statement."""
    result: list[tuple[int, str]] = []
    begun, start = "", 1
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if not begun.strip():
            begun, start = "", number
        begun += line
        if sqlite3.complete_statement(begun):
            result.append((start, begun))
            begun = ""
    if re.sub(r"--[^\n]*", "", begun).strip():
        result.append((start, begun))
    return result


def run(database: sqlite3.Connection, path: str, *, shows: bool) -> None:
    """Execute every statement of a file; print the rows."""
    for line, statement in statements(_text(path)):
        try:
            cursor = database.execute(statement)
        except (sqlite3.Error, sqlite3.Warning) as error:
            sys.exit(f"{path}:{line}: {error}")
        if shows and cursor.description:
            _print([column[0] for column in cursor.description], cursor.fetchmany(_MOST_ROWS))


def check(database: sqlite3.Connection, path: str) -> bool:
    """Run the tests of a file, each by itself; return whether all passed."""
    parts = _TEST.split(_text(path))
    good = True
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        database.execute("SAVEPOINT test")
        try:
            rows = [row for _, statement in statements(text) for row in database.execute(statement)]
            wrong = "there is no row" if not rows else ""
            wrong = wrong or next((f"got {row}" for row in rows if not all(row)), "")
        except (sqlite3.Error, sqlite3.Warning) as error:
            wrong = str(error)
        if database.in_transaction:
            database.execute("ROLLBACK TO test")
            database.execute("RELEASE test")
        print(f"{'not ' if wrong else ''}ok - {name}")
        if wrong:
            print(f"# {wrong}")
        good = good and not wrong
    return good


def _text(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _print(names: list[str], rows: list[tuple[object, ...]]) -> None:
    table = [names, *([("NULL" if v is None else str(v)) for v in row] for row in rows)]
    widths = [min(_WIDEST, max(len(row[n]) for row in table)) for n in range(len(names))]
    for number, row in enumerate(table):
        print("  ".join(v[:_WIDEST].ljust(w) for v, w in zip(row, widths, strict=True)).rstrip())
        if not number:
            print("  ".join("-" * width for width in widths))


def main() -> None:
    """Run the scripts named by the arguments."""
    program, *tests = sys.argv[1:]
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.execute("PRAGMA foreign_keys = ON")
    if program not in tests:
        run(database, program, shows=not tests)
    results = [check(database, path) for path in tests]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
