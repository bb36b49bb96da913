"""Progress in a lesson: plain data, saved after each answer. No Qt."""

from __future__ import annotations

from typing import Any

import msgspec


class Given(msgspec.Struct):
    """An answer that was checked.

    Attributes:
        mark: ``right``, ``partly`` or ``wrong``.
    """

    answer: str
    mark: str
    why: str = ""
    quote: str = ""


class Progress(msgspec.Struct):
    """A lesson and the answers given.

    Attributes:
        sections: As ``chat.lesson`` made them.
        given: Number of a section → the answer.
        todo: Numbers of the sections that are still to be asked, in order.
    """

    title: str
    text: str
    sections: list[dict[str, Any]]
    given: dict[int, Given] = {}
    todo: list[int] = []

    @classmethod
    def read(cls, data: bytes | None) -> Progress | None:
        """Return saved progress; None if missing or unreadable."""
        try:
            return msgspec.json.decode(data, type=cls) if data else None
        except msgspec.MsgspecError:
            return None

    def kept(self) -> bytes:
        """Return it as bytes."""
        return msgspec.json.encode(self)

    def answer(self, given: Given) -> None:
        """Take the answer to the section that is asked."""
        self.given[self.todo.pop(0)] = given

    @property
    def score(self) -> float:
        """Points: one for a right answer, half a one for one that is partly right."""
        worth = {"right": 1.0, "partly": 0.5}
        return sum(worth.get(answer.mark, 0.0) for answer in self.given.values())

    @property
    def to_repeat(self) -> list[int]:
        """Numbers of the sections whose answer was not right."""
        return [at for at, answer in sorted(self.given.items()) if answer.mark != "right"]

    def repeat(self) -> None:
        """Ask those again that were not right."""
        self.todo = self.to_repeat
        for at in self.todo:
            del self.given[at]
