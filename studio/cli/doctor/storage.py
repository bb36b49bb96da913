"""The doctor on disks: home, room, library. Writes nothing but a probe file."""

from __future__ import annotations

import os
from collections.abc import Iterator

from studio.base import disk
from studio.cli.doctor.check_result import CheckResult, fine, problem, warning
from studio.cli.terminal.studio_session import StudioSession

LITTLE_ROOM = 5_000_000_000
TOO_LITTLE_ROOM = 300_000_000
QUICKLY_READ = 2_000_000_000
"""A library of more bytes than this takes too long to check by the way."""


def home(session: StudioSession) -> Iterator[CheckResult]:
    """Whether there is a home that can be written, with room."""
    folder = session.paths.home
    if disk.writable(folder):
        yield fine(f"Your data is stored in {folder}.")
    else:
        yield problem(
            f"{folder} is not writable.",
            "Make it writable, or set STUDIO_HOME to a folder that is.",
        )
    free = disk.free_bytes(folder)
    cure = "Free up disk space, empty the bin, or move your data with STUDIO_HOME."
    if free < TOO_LITTLE_ROOM:
        yield problem(
            f"Only {disk.as_size(free)} free on that disk; results cannot be saved.", cure
        )
    elif free < LITTLE_ROOM:
        yield warning(f"Only {disk.as_size(free)} free on that disk.", cure)
    else:
        yield fine(f"{disk.as_size(free)} free on that disk.")
    for news in session.settings.news:
        yield warning(news, "Check your settings.")


def library(session: StudioSession) -> Iterator[CheckResult]:
    """Whether the library can be read, is whole, and who writes to it."""
    from studio.library import Library
    from studio.library.storage.startup import outlook

    if not os.path.lexists(session.paths.library):
        yield fine("There is no library yet; it is created with the first result.")
        return
    expected = outlook(session.paths.library)
    for sentence in expected:
        yield problem(sentence, "`studio library verify` lists what is damaged.")
    with Library.open(session.paths, read_only=True) as opened:
        stats = opened.stats()
        count = sum(stats.kinds.values())
        yield fine(
            f"Results: {count}. Conversations: {stats.conversations}. {disk.as_size(stats.bytes)}."
        )
        if stats.bytes > QUICKLY_READ:
            yield fine("The files were not checked; run `studio library verify` to do so.")
            return
        report = opened.verify()
        if report.ok:
            yield fine("All files are present and unchanged.")
        for sentence in [] if report.ok else report.sentences():
            if sentence in expected:
                continue
            yield problem(
                sentence, "Restore them from a backup; `studio library verify` lists all of them."
            )
