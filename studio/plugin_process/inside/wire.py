"""The process's end of the link: sorts what comes in by who waits for it."""

from __future__ import annotations

import itertools
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from studio.plugin_process.messages import (
    WINDOW,
    Answer,
    Begin,
    Enough,
    Go,
    Question,
    Stop,
)
from studio.protocol.errors import Cancelled, StudioError
from studio.protocol.link import Link, LinkClosed, Received
from studio.protocol.messages import Message


class Wire:
    """One thread reads; the others ask, answer and wait here."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._changed = threading.Condition()
        self._orders: deque[Received] = deque()
        self._answers: dict[int, deque[tuple[Answer, tuple[memoryview, ...]]]] = {}
        self._numbers = itertools.count(1)
        self._steps_left = WINDOW
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether the user stopped the job."""
        return self._stopped

    def listen(self) -> None:
        """Read until the runtime is gone, and then end this process: nobody would hear it."""
        while True:
            try:
                received = self._link.receive()
            except (LinkClosed, StudioError):
                os._exit(0)
            if received is not None:
                self._sort(received)

    def _sort(self, received: Received) -> None:
        message = received.message
        with self._changed:
            if isinstance(message, Go):
                self._steps_left += message.steps
            elif isinstance(message, Stop):
                self._stopped = True
            elif isinstance(message, Answer):
                if message.ask in self._answers:
                    self._answers[message.ask].append((message, received.blobs))
            else:
                if isinstance(message, Begin):
                    self._steps_left, self._stopped = WINDOW, False
                self._orders.append(received)
            self._changed.notify_all()

    def next_order(self) -> Received:
        """Wait for the next order."""
        with self._changed:
            self._changed.wait_for(lambda: self._orders)
            return self._orders.popleft()

    def send(self, message: Message, blobs: Sequence[Any] = ()) -> None:
        """Say something that needs no answer."""
        try:
            self._link.send(message, blobs)
        except LinkClosed:
            os._exit(0)

    def step(self, message: Message, blobs: Sequence[Any] = ()) -> None:
        """Send the outcome of a step; wait while the runtime lags, or has paused this process."""
        with self._changed:
            self._changed.wait_for(lambda: self._steps_left > 0 or self._stopped)
            self._steps_left -= 1
        self.send(message, blobs)

    def ask(self, make: Callable[[int], Question], blobs: Sequence[Any] = ()) -> Any:
        """Ask, and return the one answer.

        Raises:
            StudioError: What the answer says.
            Cancelled: The job was stopped meanwhile.
        """
        *_, (value, _) = self.answers(make, blobs)
        return value

    def answers(
        self, make: Callable[[int], Question], blobs: Sequence[Any] = ()
    ) -> Iterator[tuple[Any, tuple[memoryview, ...]]]:
        """Ask, and yield each answer with its blobs; the last one may be empty."""
        number = next(self._numbers)
        self._answers[number] = deque()
        question = make(number)
        is_over = False
        try:
            self.send(question, blobs)
            while not is_over:
                answer, came = self._answer(number)
                is_over = answer.is_last
                if answer.error is not None:
                    raise StudioError.from_info(answer.error)
                yield answer.value, came
        finally:
            with self._changed:
                del self._answers[number]
            if not is_over:
                self.send(Enough(number))

    def _answer(self, number: int) -> tuple[Answer, tuple[memoryview, ...]]:
        mine = self._answers[number]
        with self._changed:
            self._changed.wait_for(lambda: mine or self._stopped)
            if not mine:
                raise Cancelled
            return mine.popleft()
