"""The library: results, records, conversations, the job journal, on one disk. No Qt, no torch.

Open it once per process and pass it on::

    library = Library.open(StudioPaths.default())     # read-only when it must be: library.health

Artifacts::

    library.add_artifact(NewArtifact(kind, payload, ".png", title, …), record=record.id,
                         inputs=[ids], job=…) -> Artifact
    library.find(query, kinds, starred, binned, limit, offset, order, passed=, record=, job=,
                 collection=) -> [Artifact]           # count(…) takes the same
    library.search.find(line, limit) · keys(line) · rows(keys)     # by one line, see search_query
    library.tags.add(tag, ids) · remove(tag, ids) · of(ids) · all()
    library.artifact(id) · payload_path(a) · preview_path(a)
    library.family(id) -> (ancestors, descendants) · inputs(id)
    library.rename(id, title) · star(ids) · bin(ids) · restore(ids) · empty_bin(older_than=seconds)
    library.erase(ids)                # for good, conversations too, with all that is known of them
    library.keep_inputs({digest: data}) · inputs_of(record) -> {name: bytes}
    library.export(id, folder) -> Path

Records and jobs::

    library.add_record(task, params, seed=…, plugin=…, weights={id: digest}, inputs={…}) -> Record
    library.records.complete(id, seconds=…, device=…, weights=…, versions=…) · library.record(id)
    library.jobs.journal_start(job, task, params, plugin=, title=, record=, priority=)
    library.jobs.journal_state(job, state, error=None) · unfinished() · recent(limit) · entry(job)

Conversations, trees of messages (``c = library.conversations``)::

    c.create(title, folder=, system=, settings=) · get · folders()
    c.list(query, folder=, pinned=, binned=) · rename · pin(id, on) · bin · restore
    c.update(id, title=…, system=…, settings=…, folder=…)
    c.add_message(conversation, parent or None, role, content, state=, record=, artifacts=, extra=)
    c.edit(message, content) adds a sibling · update_message(id, content=, state=, extra=, …)
    c.thread(conversation) · path_to(leaf) · children(message) · roots(conversation) · message(id)
    c.siblings(message) -> (position from 0, total, ids) · newest_leaf(message)
    c.set_head(conversation, message) · delete_branch(message) · restore_branch(message)
    c.search(query) -> [(conversation, message, snippet)]
    journal = c.begin_reply(conversation, parent)     # an empty partial message, made the head
    journal.append(delta); journal.message; journal.text
    c.finish_reply(journal, state="complete", extra={…}) -> Message

Collections, and care::

    library.collections.create · list · rename · remove · put(id, artifacts) · take(id, artifacts)
    library.health (.state, .message, .hint, .writer) · on_health = callback · read_only
    library.news (sentences) · check_room(expected_bytes) before a job · stats()
    library.verify() -> Report · rebuild() · backup(folder) · maintain() when idle
    library.later(call, *args) -> Future · close()

Every method that changes something is durable when it returns and raises ``StudioError`` if not.
Reads take about a millisecond from any thread; writes wait for the disk (5–50 ms), so a window
calls them through ``later``.

On the disk: ``objects/ab/<digest>.png`` and, beside it, ``<digest>.<artifact>.json`` (its sidecar);
``history/*.jsonl`` (what happened to rows that have no sidecar, or after it was written);
``library.db`` (an index of both, made again from them when it is lost); ``journals`` (replies in
progress); ``incoming`` (saves in progress); ``backups``; ``lock``; ``ballast`` (room to give up).

Where things are:

* The search line of the library: ``search_query.py`` reads it, ``search.py`` asks; what recipes
  say is in the table ``facts``.
* Backups and the way back: ``upkeep/library_copy.py`` says what a backup is; ``backups/``:
  ``process.py`` copies beside the studio, ``restoration.py`` changes one library for another.
* What exported files say of how they were made; `studio verify`: ``provenance/``: ``exporter.py``
  is the way out, ``examination.py`` reads.
* The family tree of a result: ``family.py`` reads it, ``desktop/pages/gallery/family_tree.py``
  shows it.
"""

from __future__ import annotations

from studio.library.library import Library
from studio.library.rows import (
    Artifact,
    Collection,
    Conversation,
    Family,
    Found,
    JobEntry,
    Message,
    MessageState,
    Record,
    Siblings,
)
from studio.library.storage.text_journal import TextJournal
from studio.library.upkeep.health import Health, HealthState
from studio.library.upkeep.integrity import Report
from studio.library.upkeep.stats import Stats

__all__ = [
    "Artifact",
    "Collection",
    "Conversation",
    "Family",
    "Found",
    "Health",
    "HealthState",
    "JobEntry",
    "Library",
    "Message",
    "MessageState",
    "Record",
    "Report",
    "Siblings",
    "Stats",
    "TextJournal",
]
