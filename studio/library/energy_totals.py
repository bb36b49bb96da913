"""Energy totals of records including their calls, of results, by plugin and by day.

Reads records only.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from studio.base.energy.amount import Amount, part, total
from studio.library.storage.database import Database

_SUMS = ", ".join(
    f"sum(json_extract(energy, '$.{name}'))" if name != "source" else "''"
    for name in Amount.__struct_fields__
)
_CALLED = """
    WITH RECURSIVE called(id) AS (
        VALUES (?) UNION SELECT records.id FROM records JOIN called ON caller = called.id
    )
    SELECT records.id, energy FROM called JOIN records USING (id)
"""
_SHARES = """
    SELECT record, count(*) / CAST(
        (SELECT count(*) FROM artifacts AS all_of_it WHERE all_of_it.record = artifacts.record)
    AS REAL) AS share
    FROM artifacts WHERE record <> '' AND id IN {ids} GROUP BY record
"""
_COLLECTION = "(SELECT artifact FROM collection_items WHERE collection = ?)"
_LISTED = "(SELECT value FROM json_each(?))"


class Totals:
    """Energy sums over a library, without erased results and results without a record."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_record(self, record: str) -> tuple[Amount | None, Amount | None]:
        """Return the energy of a record's own job, and with all its calls; None if unknown."""
        rows = self._database.all(_CALLED, record)
        amounts = {row["id"]: _read(row) for row in rows if row["energy"] is not None}
        return amounts.get(record), total(amounts.values()) if amounts else None

    def of_artifacts(self, artifacts: Sequence[str]) -> Amount:
        """Return what results took: of a run that made others too, the share of these."""
        return self._of(_LISTED, json.dumps(list(artifacts)))

    def of_collection(self, collection: str) -> Amount:
        """Return the energy used for the results in a collection."""
        return self._of(_COLLECTION, collection)

    def by_plugin(self, since: float = 0.0) -> dict[str, Amount]:
        """Return energy by plugin since a time in seconds since 1970."""
        return self._grouped("plugin", since)

    def by_day(self, since: float = 0.0) -> dict[str, Amount]:
        """Return energy by day (``2026-11-28``, local time), latest first."""
        days = self._grouped("date(created, 'unixepoch', 'localtime')", since)
        return dict(sorted(days.items(), reverse=True))

    def _grouped(self, key: str, since: float) -> dict[str, Amount]:
        rows = self._database.all(
            f"SELECT {key}, {_SUMS} FROM records WHERE energy IS NOT NULL AND created >= ?"
            " GROUP BY 1",
            since,
        )
        return {row[0]: Amount(*row[1:]) for row in rows}

    def _of(self, ids: str, value: str) -> Amount:
        """Sum the energy of the artifacts' records, each once, including their calls."""
        shares = {row["record"]: row["share"] for row in self._rows(ids, value)}
        called = self._called(shares)
        parts = []
        for record, amount in self._energies([*shares, *called]).items():
            parts.append(part(amount, shares.get(record, called.get(record, 0.0))))
        return total(parts)

    def _rows(self, ids: str, value: str) -> list[sqlite3.Row]:
        return self._database.all(_SHARES.format(ids=ids), value)

    def _called(self, shares: dict[str, float]) -> dict[str, float]:
        """Return the records that those with ``shares`` called for, by the share of their callers.

        One whose own results are among them counts as itself.
        """
        totals: defaultdict[str, float] = defaultdict(float)
        callers = shares
        while callers:
            rows = self._database.all(
                f"SELECT id, caller FROM records WHERE caller <> '' AND caller IN {_LISTED}",
                json.dumps(list(callers)),
            )
            callers = {
                row["id"]: callers[row["caller"]]
                for row in rows
                if row["id"] not in shares and row["id"] not in totals
            }
            totals.update(callers)
        return dict(totals)

    def _energies(self, records: Iterable[str]) -> dict[str, Amount]:
        rows = self._database.all(
            f"SELECT id, energy FROM records WHERE energy IS NOT NULL AND id IN {_LISTED}",
            json.dumps(list(records)),
        )
        return {row["id"]: _read(row) for row in rows}


def _read(row: sqlite3.Row) -> Amount:
    return msgspec.json.decode(row["energy"], type=Amount)
