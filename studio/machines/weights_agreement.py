"""Sees to it that a machine has the weights of a job, to the last byte the same as here.

On the owner's thread, with the reading beside it. Copies nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from studio.base.background import Background
from studio.machines.weights_copy import WeightsCopies
from studio.machines.wire.messages import HeldWeights, Holdings, ReadWeights, WeightsRead
from studio.models.catalogue import WeightsCatalogue
from studio.models.verification import verify
from studio.models.weights import Weights
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import Message

Then = Callable[[], None]
Failed = Callable[[StudioError], None]
Says = Callable[[str], None]


class WeightsAgreement:
    """Matches the weights here with those on one machine.

    Args:
        machine: Its name.
        send: Tells the machine.
        changed: Called when a digest here became known: the machine finds weights by it.

    Attributes:
        digests: Id of weights here → SHA-256, of those that no sidecar promises.
        holdings: The machine's holdings; None before its report.
    """

    def __init__(
        self,
        machine: str,
        catalogue: WeightsCatalogue,
        copies: WeightsCopies,
        background: Background,
        send: Callable[[Message], None],
        changed: Callable[[], None],
    ) -> None:
        self._machine, self._catalogue, self._copies = machine, catalogue, copies
        self._background, self._send, self._changed = background, send, changed
        self.digests: dict[str, str] = {}
        self.holdings: Holdings | None = None
        self._reading: dict[str, list[tuple[str, Then, Failed, Says]]] = {}

    def has(self, id: str) -> bool | None:
        """Whether the machine has the weights ``id``; None where that is not known yet."""
        digest = self.digest(id)
        if self.holdings is None or not digest:
            return None
        return any(row.digest == digest for row in self.holdings.weights)

    def digest(self, id: str) -> str:
        """Return the SHA-256 of weights, here or only there; empty where nobody knows it."""
        with suppress(StudioError):
            row = self._catalogue.get(id)
            if not row.problem:
                return row.digest or self.digests.get(id, "")
        held = self.holdings.weights if self.holdings else ()
        return next((item.digest for item in held if item.id == id), "")

    def ensure(self, id: str, copies: bool, then: Then, failed: Failed, says: Says) -> None:
        """Call ``then`` once the machine has the weights ``id``.

        Args:
            copies: Whether they may be copied to it.
            failed: Called with why it has not.
            says: Told what is waited for.
        """
        row: Weights | None = None
        with suppress(StudioError):
            row = self._catalogue.get(id)
        if row is not None and row.problem:
            row = None
        if row is None or self.digest(id):
            self._look(id, row, copies, then, failed, says)
            return
        says(f"reading {row.title}")
        match = row

        def read(digest: str) -> None:
            self.digests[id] = digest
            self._changed()
            self._look(id, match, copies, then, failed, says)

        self._background.run(lambda: verify(match, lambda done, all: None).digest, read, failed)

    def heard(self, message: WeightsRead) -> None:
        """Take in how far the machine has read weights."""
        waiting = self._reading.get(message.id, [])
        if not message.digest and message.error is None:
            for _, _, _, says in waiting:
                says(f"checking the model on {self._machine}")
            return
        for wanted, then, failed, _ in self._reading.pop(message.id, []):
            if message.error is not None:
                failed(StudioError.from_info(message.error))
            elif message.digest != wanted:
                failed(self._another(message.id, wanted, message.digest))
            else:
                then()

    def lose(self, error: StudioError) -> None:
        """Fail the requests that the machine can no longer answer."""
        reading, self._reading, self.holdings = self._reading, {}, None
        for waiting in reading.values():
            for _, _, failed, _ in waiting:
                failed(error)

    # --- inside -------------------------------------------------------------------------------

    def _look(
        self, id: str, row: Weights | None, copies: bool, then: Then, failed: Failed, says: Says
    ) -> None:
        held = self.holdings.weights if self.holdings else ()
        digest = self.digest(id)
        same = sorted((h for h in held if digest and h.digest == digest), key=lambda h: h.is_read)
        called = [item for item in held if item.id == id]
        if same and same[-1].is_read:
            then()
        elif same:
            self._read(same[0], digest, then, failed, says)
        elif called and not called[0].digest:
            self._read(called[0], digest or "", then, failed, says)
        elif called and digest:
            failed(self._another(id, digest, called[0].digest))
        elif row is not None and copies:
            self._copies.copy(row, digest, then, failed, says)
        else:
            failed(self._missing(row.title if row else id))

    def _read(self, held: HeldWeights, digest: str, then: Then, failed: Failed, says: Says) -> None:
        """Have the machine read all bytes: a sidecar only promises."""
        waiting = self._reading.setdefault(held.id, [])
        waiting.append((digest, then, failed, says))
        says(f"checking the model on {self._machine}")
        if len(waiting) == 1:
            self._send(ReadWeights(held.id))

    def _another(self, id: str, here: str, there: str) -> StudioError:
        return StudioError(
            ErrorCode.BAD_WEIGHTS,
            f"The model “{id}” on {self._machine} is not the one that is here: its bytes differ "
            f"(SHA-256 {there[:12]}… there, {here[:12]}… here).",
            "Replace the file on one of the two machines; `studio models verify` tells which one "
            "is damaged.",
        )

    def _missing(self, title: str) -> StudioError:
        return StudioError(
            ErrorCode.NOT_FOUND,
            f"{self._machine} does not have the model {title}.",
            f"Copy it there with `studio machines copy {self._machine} MODEL`, or let Settings → "
            "Machines copy missing models.",
        )
