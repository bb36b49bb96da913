"""Fetches the weights that the user asked for, beside the owner's thread. Shows nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from studio.core.background import Background, Post
from studio.core.weights import getting
from studio.core.weights.catalogue import WeightsCatalogue
from studio.core.weights.weights import Weights
from studio.protocol.errors import Cancelled, StudioError
from studio.protocol.pace import Pace

TELL_SECONDS = 0.2
Ended = Callable[[Weights, StudioError | None], None]


@dataclass(frozen=True)
class Download:
    """How far one set is.

    Attributes:
        done, total: Bytes; ``done`` is 0 while it waits for another download.
        seconds_left: None while nobody can say.
        stopping: Whether the user has stopped it, and it is about to end.
        error: Why it ended, if it failed.
    """

    done: int
    total: int
    seconds_left: float | None = None
    stopping: bool = False
    error: StudioError | None = None

    @property
    def is_live(self) -> bool:
        """Whether it goes on."""
        return self.error is None


class Downloads:
    """The sets being fetched, one after the other. Used on its owner's thread.

    Args:
        catalogue: Looks at the folders again after each.
        folder: Where the files go.
        post: Runs a function on the owner's thread, soon, from any thread.
        ended: Called when one is over, with why if it failed; not when the user stopped it.
    """

    def __init__(self, catalogue: WeightsCatalogue, folder: Path, post: Post, ended: Ended) -> None:
        self._catalogue, self._folder, self._post, self._on_end = catalogue, folder, post, ended
        self._background = Background("studio-downloads", post)
        self._downloads: dict[str, Download] = {}
        self._stopped: set[str] = set()
        self._observers: list[Callable[[str], None]] = []

    def of(self, weights_id: str) -> Download | None:
        """Return how far the weights are; None if nobody fetches them and nothing went wrong."""
        return self._downloads.get(weights_id)

    def start(self, weights: Weights) -> None:
        """Fetch ``weights``, which have an offer; harmless while they are being fetched."""
        now = self._downloads.get(weights.id)
        if now and now.is_live and not now.stopping:
            return
        if now is None or not now.is_live:
            self._stopped.discard(weights.id)
            self._set(weights.id, Download(0, weights.bytes))
            self._background.run(
                lambda: self._get(weights),
                lambda whole: self._ended(weights, whole),
                lambda error: self._failed(weights, error),
            )

    def stop(self, weights_id: str) -> None:
        """End a download soon; what is here is kept. Harmless when there is none."""
        now = self._downloads.get(weights_id)
        if now and now.is_live:
            self._stopped.add(weights_id)
            self._set(weights_id, replace(now, stopping=True, seconds_left=None))

    def observe(self, call: Callable[[str], None]) -> Callable[[], None]:
        """Call with the id of weights whose download moved; returns the function that ends it."""
        self._observers.append(call)
        return lambda: self._observers.remove(call)

    def close(self) -> None:
        """Stop all, and wait until they have."""
        self._stopped.update(self._downloads)
        self._background.close()

    # --- inside -------------------------------------------------------------------------------

    def _get(self, weights: Weights) -> bool:
        """Fetch, on the thread of downloads; return whether it came to its end."""
        pace, told = Pace(), 0.0

        def progress(done: int, total: int) -> None:
            nonlocal told
            if weights.id in self._stopped:
                raise Cancelled
            now = time.monotonic()
            if now - told >= TELL_SECONDS:
                told = now
                left = pace.step(done, total, now)
                self._post(lambda: self._moved(weights.id, done, left))

        try:
            getting.get(weights, self._folder, progress)
        except Cancelled:
            return False
        finally:
            self._catalogue.rescan()
        return True

    def _moved(self, weights_id: str, done: int, seconds_left: float | None) -> None:
        now = self._downloads.get(weights_id)
        if now and now.is_live and not now.stopping:
            self._set(weights_id, replace(now, done=done, seconds_left=seconds_left))

    def _ended(self, weights: Weights, whole: bool) -> None:
        self._set(weights.id, None)
        if whole:
            self._on_end(weights, None)

    def _failed(self, weights: Weights, error: StudioError) -> None:
        self._set(weights.id, Download(0, weights.bytes, error=error))
        self._on_end(weights, error)

    def _set(self, weights_id: str, now: Download | None) -> None:
        if now is None:
            self._downloads.pop(weights_id, None)
        else:
            self._downloads[weights_id] = now
        for call in list(self._observers):
            call(weights_id)
