"""Folders of documents: indexed on disk, brought up to date when files change, searched quickly.

One SQLite file a folder, in the task's cache: the words of all passages in an FTS5 index, their
vectors a file of the folder in one blob. Words are kept as their stems, in the language of each
file. Source of the scores: BM25 as FTS5 has it.
"""

from __future__ import annotations

import contextlib
import hashlib
import heapq
import json
import os
import sqlite3
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from studio.api import BadInput, EmbeddingEngine, ErrorCode, Event, StudioError, TaskContext
from studio_chat.documents import kept_files, languages, passages
from studio_chat.documents.passages import Document, Passage, shown_name
from studio_chat.documents.reader import SUFFIXES, read_document

MAX_FILES: Final = 5_000
MAX_DEPTH: Final = 12
"""Of folders in folders."""
MOST_FOUND: Final = 60
"""Passages of a folder among which those of a reply are chosen."""
CACHE_BYTES: Final = 2 << 30
"""Of all indexes together; the one not used for longest goes first."""

_FORM: Final = 2
"""Of the index: another number and it is made anew."""
_A_FILE: Final = 1 << 20
"""Row numbers a file has for its passages."""
_TABLES: Final = f"""
PRAGMA user_version = {_FORM};
CREATE TABLE files (
    id INTEGER PRIMARY KEY, path TEXT UNIQUE NOT NULL, size INTEGER, changed INTEGER,
    reader TEXT, problem TEXT, is_english INTEGER, language TEXT, about TEXT, text TEXT
);
CREATE TABLE vectors (file INTEGER, encoder TEXT, data BLOB, PRIMARY KEY (file, encoder));
CREATE VIRTUAL TABLE words USING fts5(
    stems, heading, text UNINDEXED, first UNINDEXED, last UNINDEXED, tokenize = 'unicode61'
);
"""


class Collection:
    """The documents of a folder. Each is named by the folder and its path inside that.

    Args:
        cache: The task's.
        folder: Of the user; read, never written.
        private: The index is in memory, and gone afterwards.
    """

    def __init__(self, cache: Path, folder: str, *, private: bool = False) -> None:
        self.folder = Path(folder).expanduser()
        self.name = shown_name(str(self.folder.absolute()))
        name = hashlib.blake2b(str(self.folder.absolute()).encode("utf-8", "replace"),
                               digest_size=16).hexdigest()  # fmt: skip
        self._place = cache / "collections" / f"{name}.sqlite"
        self._is_private = private
        self._index = self._in_memory() if private else self._opened()

    def close(self) -> None:
        """Let go of the index, and of others if they are too much."""
        self._index.close()
        if not self._is_private:
            kept_files.used(self._place, CACHE_BYTES)

    def discard(self) -> None:
        """Remove the index; the next one is made anew."""
        self._place.unlink(missing_ok=True)

    # --- what there is ------------------------------------------------------------------------

    def refresh(self, ctx: TaskContext, reader: str | None) -> Generator[Event, None, None]:
        """Index new and changed files, and drop those that were deleted.

        Each file is stored as soon as it is read, so that a stopped run resumes there. Leave
        out an unreadable file, and try it again when it changes.

        Raises:
            BadInput: The path is no folder, or has too many documents.
            StudioError: The reader cannot be used, or the disk is full.
        """
        files = list(self._files())
        indexed = {
            path: (size, changed, by)
            for path, size, changed, by in self._index.execute(
                "SELECT path, size, changed, reader FROM files"
            )
        }
        for path in indexed.keys() - {path for path, *_ in files}:
            self._forget(path)
        by = reader or ""
        new = [row for row in files if indexed.get(row[0]) != (row[1], row[2], by)]
        for done, (path, size, changed) in enumerate(new):
            yield ctx.progress(done, len(new), f"Indexing {shown_name(path)}")
            problem, document = "", None
            try:
                document = yield from read_document(ctx, str(self.folder / path), reader)
            except BadInput as error:
                problem = error.message
            self._keep(path, (size, changed, by), document, problem)

    def embed(self, ctx: TaskContext, engine: EmbeddingEngine) -> Generator[Event, None, None]:
        """Compute the vectors that are missing, a file at a time."""
        import numpy as np

        rows = self._index.execute(
            "SELECT id, path FROM files WHERE problem = '' AND id NOT IN"
            " (SELECT file FROM vectors WHERE encoder = ?)",
            [engine.fingerprint],
        ).fetchall()
        _ask, tell = getattr(engine, "prefixes", ("", ""))
        for done, (file, path) in enumerate(rows):
            texts = [tell + text for _row, text in self._texts(file)]
            vectors = np.zeros((len(texts), engine.width), np.float32)
            for indices, batch in engine.embed(texts):
                vectors[list(indices)] = batch.numpy()
                yield ctx.progress(done, len(rows), f"Indexing {shown_name(path)}")
            with self._writing():
                self._index.execute(
                    "INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)",
                    [file, engine.fingerprint, vectors.astype("<f2").tobytes()],
                )

    @property
    def is_english(self) -> bool:
        """Whether all that was read is."""
        row = self._index.execute("SELECT 1 FROM files WHERE problem = '' AND NOT is_english")
        return row.fetchone() is None

    @property
    def problems(self) -> list[str]:
        """Why files cannot be read, a sentence each."""
        order = "SELECT problem FROM files WHERE problem <> '' ORDER BY path"
        return [problem for (problem,) in self._index.execute(order)]

    def count(self) -> int:
        """Return how many documents were read."""
        row = self._index.execute("SELECT count(*) FROM files WHERE problem = ''").fetchone()
        return int(row[0])

    def path_of(self, name: str) -> Path:
        """Return where a document is."""
        return self.folder / name.removeprefix(f"{self.name}/")

    def document(self, name: str) -> Document | None:
        """Return a document as it was read; None for one that is of no file here."""
        if not name.startswith(f"{self.name}/"):
            return None
        row = self._index.execute(
            "SELECT text, about FROM files WHERE path = ?", [name.removeprefix(f"{self.name}/")]
        ).fetchone()
        if row is None:
            return None
        text, facts = row[0], json.loads(row[1])
        boxes = tuple(None if box is None else tuple(box) for box in facts["boxes"])
        return Document(
            name, text, tuple(facts["pages"]), facts["unit"], tuple(facts["titles"]), boxes=boxes
        )

    # --- searching ----------------------------------------------------------------------------

    def by_words(self, question: str) -> list[int]:
        """Return rows of passages that have words of ``question``, the best first."""
        rows = self._index.execute("SELECT DISTINCT language FROM files WHERE problem = ''")
        names = [language for (language,) in rows]
        wanted = dict.fromkeys(stem for name in names for stem in languages.stems(question, name))
        if not wanted:
            return []
        expression = " OR ".join(f'"{stem}"' for stem in wanted)
        order = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words, 1, 2) LIMIT ?"
        return [row for (row,) in self._index.execute(order, [expression, MOST_FOUND])]

    def by_meaning(self, engine: EmbeddingEngine, question: str) -> list[int]:
        """Return rows of the passages nearest to ``question``, the nearest first."""
        import numpy as np

        ask, _tell = getattr(engine, "prefixes", ("", ""))
        [(_, query)] = list(engine.embed([ask + question]))
        wanted = query[0].numpy()
        ranked: list[tuple[float, int]] = []
        rows = self._index.execute(
            "SELECT file, data FROM vectors WHERE encoder = ?", [engine.fingerprint]
        )
        for file, data in rows:  # one file at a time: memory is bounded by the largest
            vectors = np.frombuffer(data, "<f2").reshape(-1, engine.width).astype(np.float32)
            likeness = vectors @ wanted
            best = np.argsort(-likeness)[:MOST_FOUND]
            ranked += [(float(likeness[at]), file * _A_FILE + int(at)) for at in best]
            if len(ranked) > 64 * MOST_FOUND:
                ranked = heapq.nlargest(MOST_FOUND, ranked)
        return [row for _near, row in heapq.nlargest(MOST_FOUND, ranked)]

    def passages(self, rows: Sequence[int]) -> list[Passage]:
        """Return passages by their numbers."""
        matches = []
        for row in rows:
            text, first, last = self._index.execute(
                "SELECT text, first, last FROM words WHERE rowid = ?", [row]
            ).fetchone()
            order = "SELECT path FROM files WHERE id = ?"
            [path] = self._index.execute(order, [row // _A_FILE]).fetchone()
            matches.append(Passage(f"{self.name}/{path}", first, last, text))
        return matches

    # --- the index ----------------------------------------------------------------------------

    @staticmethod
    def _in_memory() -> sqlite3.Connection:
        index = sqlite3.connect(":memory:", isolation_level=None)
        index.executescript(_TABLES)
        return index

    def _opened(self) -> sqlite3.Connection:
        """Open the index; one that is damaged or of another form is made anew."""
        try:
            self._place.parent.mkdir(parents=True, exist_ok=True)
            for _attempt in range(2):
                index = sqlite3.connect(self._place, isolation_level=None)
                try:
                    [form] = index.execute("PRAGMA user_version").fetchone()
                    tables = index.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
                    if not tables:
                        index.executescript(_TABLES)
                        return index
                    if form == _FORM:
                        return index
                except sqlite3.DatabaseError:
                    pass  # no index of ours any more
                index.close()
                self._place.unlink(missing_ok=True)
        except (OSError, sqlite3.Error) as error:
            raise _unusable(self.folder, error) from error
        raise _unusable(self.folder, None)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Run the enclosed writes in one transaction."""
        try:
            self._index.execute("BEGIN IMMEDIATE")
            yield
            self._index.execute("COMMIT")
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):
                self._index.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise _unusable(self.folder, error) from error
            raise

    def _keep(
        self, path: str, facts: tuple[int, int, str], document: Document | None, problem: str
    ) -> None:
        self._forget(path)
        about: dict[str, Any] = {}
        if document is not None:
            about = {
                "pages": document.pages,
                "unit": document.unit,
                "titles": document.titles,
                "boxes": document.boxes,
            }
        text = document.text if document is not None else ""
        language = languages.language_of(text)
        with self._writing():
            file = self._index.execute(
                "INSERT INTO files (path, size, changed, reader, problem, is_english, language,"
                " about, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    *(path, *facts, problem, languages.is_english("", [text]), language),
                    *(json.dumps(about), text),
                ],
            ).lastrowid
            assert file is not None
            cut = passages.passages(replace(document, name=path)) if document is not None else []
            self._index.executemany(
                "INSERT INTO words (rowid, stems, heading, text, first, last)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (
                        file * _A_FILE + number,
                        *(
                            " ".join(languages.stems(of, language))
                            for of in (passage.text, passage.heading)
                        ),
                        *(passage.text, passage.first, passage.last),
                    )
                    for number, passage in enumerate(cut[:_A_FILE])
                ],
            )

    def _forget(self, path: str) -> None:
        row = self._index.execute("SELECT id FROM files WHERE path = ?", [path]).fetchone()
        if row is None:
            return
        with self._writing():
            rows = [row[0] * _A_FILE, (row[0] + 1) * _A_FILE - 1]
            self._index.execute("DELETE FROM words WHERE rowid BETWEEN ? AND ?", rows)
            self._index.execute("DELETE FROM vectors WHERE file = ?", row)
            self._index.execute("DELETE FROM files WHERE id = ?", row)

    def _texts(self, file: int) -> list[tuple[int, str]]:
        rows = [file * _A_FILE, (file + 1) * _A_FILE - 1]
        order = "SELECT rowid, text FROM words WHERE rowid BETWEEN ? AND ? ORDER BY rowid"
        return self._index.execute(order, rows).fetchall()

    def _files(self) -> Iterator[tuple[str, int, int]]:
        """Yield path inside the folder, size and time of change of each document in it.

        What is hidden is left out, and so are links, which may lead anywhere.
        """
        if not self.folder.is_dir():
            raise BadInput(f"{shown_name(str(self.folder))} is not a folder.", "Choose it again.")
        count = 0
        for place, folders, names in os.walk(self.folder):
            inside = Path(place).relative_to(self.folder)
            if len(inside.parts) >= MAX_DEPTH:
                folders.clear()
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                path = Path(place, name)
                if name.startswith(".") or path.suffix.lower() not in SUFFIXES:
                    continue
                with contextlib.suppress(OSError):
                    facts = path.lstat()
                    if path.is_symlink() or not path.is_file():
                        continue
                    count += 1
                    if count > MAX_FILES:
                        raise BadInput(
                            f"{shown_name(str(self.folder))} has more than {MAX_FILES:,} "
                            "documents.",
                            "Choose a folder inside it.",
                        )
                    yield (inside / name).as_posix(), facts.st_size, facts.st_mtime_ns


def _unusable(folder: Path, error: Exception | None) -> StudioError:
    return StudioError(
        ErrorCode.DISK_FULL,
        f"The index of {shown_name(str(folder))} cannot be written: {error or 'it is damaged'}.",
        "Free some space on the disk, then ask again.",
    )


@contextlib.contextmanager
def opened(cache: Path, folder: str, *, private: bool = False) -> Iterator[Collection]:
    """Open a collection. An index that turns out to be damaged is removed.

    Raises:
        StudioError: It cannot be written, or is damaged.
    """
    collection = Collection(cache, folder, private=private)
    try:
        yield collection
    except sqlite3.OperationalError as error:
        raise _unusable(collection.folder, error) from error
    except sqlite3.DatabaseError as error:
        collection.close()
        collection.discard()
        raise StudioError(
            ErrorCode.BUSY,
            f"The index of {collection.name} was damaged and was removed.",
            "Ask again: it is rebuilt.",
        ) from error
    finally:
        collection.close()
