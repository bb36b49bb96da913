"""Follows a job to its end on a terminal: progress, text, Ctrl+C. Submits and saves nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from studio.api.clean_text import clean
from studio.cli.terminal import output
from studio.cli.terminal.interrupt import on_interrupt
from studio.jobs.job import Job
from studio.protocol.errors import ErrorCode, StudioError
from studio.runtimes.supervisor import RuntimeState
from studio.studio import Studio
from studio.terminals import OpenStudio
from studio.terminals.progress import progress_in_words

PUMP_SECONDS = 0.1
SHOWN = ("", "stdout")
"""Channels whose text is what the user asked for: an answer, or what a program that is run prints.

What it prints as its errors goes where errors go; other channels are for pages.
"""


class JobProgress:
    """Shows one job after another.

    Attributes:
        interrupted: Whether the user pressed Ctrl+C while a job was followed.
    """

    def __init__(
        self, studio: Studio | OpenStudio, *, show_progress: bool = True, show_text: bool = True
    ) -> None:
        self.interrupted = False
        self._studio = studio
        self._line = output.ProgressLine() if show_progress else None
        self._show_text = show_text
        self._ended_line = True
        self._nobody_reads = False

    def follow(self, job: Job, on_text: Callable[[str], None] = lambda text: None) -> None:
        """Return when ``job`` is over and its results are in the library.

        The first Ctrl+C stops the job at its next step; a second one gives up waiting.

        Raises:
            StudioError: The runtime cannot be kept alive, so the job would wait for ever.
            BrokenPipeError: Whoever read the text has gone; the job was stopped.
        """
        job.on_progress(lambda *_: self._draw(job))
        job.on_state(lambda *_: self._draw(job, now=True))
        job.on_text(lambda text, tokens, channel: self._text(job, text, channel, on_text))
        try:
            self.first_over([job])
        finally:
            if self._line:
                self._line.clear()
            if not self._ended_line and not self._nobody_reads:
                print(flush=True)
                self._ended_line = True
        if self._nobody_reads:
            raise BrokenPipeError

    def first_over(self, jobs: Sequence[Job]) -> Job:
        """Return the first of ``jobs`` that is over; Ctrl+C stops all of them.

        Raises:
            StudioError: The runtime cannot be kept alive, so they would wait for ever.
        """
        with on_interrupt(lambda: self._stop(jobs)):
            while all(job.is_live for job in jobs):
                if self._studio.runtime.state is RuntimeState.GIVEN_UP:
                    raise StudioError(
                        ErrorCode.RUNTIME_LOST,
                        f"“{jobs[0].title}” cannot run: the runtime does not start. "
                        f"{self._why()}".strip(),
                        "Run `studio doctor device` for details.",
                    )
                self._studio.pump(PUMP_SECONDS)
        return next(job for job in jobs if not job.is_live)

    def _draw(self, job: Job, *, now: bool = False) -> None:
        # Text on stdout is progress enough, and would share its line with this one.
        if self._line and self._ended_line and job.is_live:
            self._line.show(f"{job.title}: {progress_in_words(job)}", now=now)

    def _text(self, job: Job, text: str, channel: str, on_text: Callable[[str], None]) -> None:
        if channel == "stderr" and self._show_text:
            sys.stderr.write(clean(text))
        if channel not in SHOWN or self._nobody_reads:
            return
        on_text(text)
        shown = clean(text)
        if self._show_text and shown:
            if self._line:
                self._line.clear()
            self._ended_line = shown.endswith("\n")
            try:
                print(shown, end="", flush=True)
            except BrokenPipeError:
                self._nobody_reads = True
                job.cancel()

    def _why(self) -> str:
        deaths = self._studio.runtime.deaths
        return deaths[-1].reason if deaths else ""

    def _stop(self, jobs: Sequence[Job]) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True
        for job in jobs:
            job.cancel()
