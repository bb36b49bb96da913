"""User notes on weights: a note, a rating, defaults. Opens no weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from studio.base.settings import Settings
from studio.protocol.errors import ErrorCode, StudioError

CONTEXT_LIMIT = "context_limit"
"""Among the defaults: how many tokens a text may have at most."""
MAX_NOTE = 10_000
MAX_RATING = 5
REMARKS = "models.remarks."
"""Settings: what they begin with."""

Value = bool | int | float | str


class UserNote(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that is noted about one set of weights.

    Attributes:
        rating: 1 to 5 stars; 0 for none.
        defaults: Parameter → value, used wherever a task gets none.
    """

    note: Annotated[str, msgspec.Meta(max_length=MAX_NOTE)] = ""
    rating: Annotated[int, msgspec.Meta(ge=0, le=MAX_RATING)] = 0
    defaults: dict[str, Value] = {}


class UserNotes:
    """The remarks on all weights, by id. They are settings: each change is on the disk at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def of(self, weights: str) -> UserNote:
        """Return the note; an empty one if it is missing or unreadable."""
        try:
            return msgspec.convert(self._settings.get(REMARKS + weights, {}), UserNote)
        except msgspec.ValidationError:  # edited by hand
            return UserNote()

    def context_limit(self, weights: str) -> int:
        """Return how many tokens a text may have at most; 0 for no limit."""
        limit = self.of(weights).defaults.get(CONTEXT_LIMIT, 0)
        return limit if isinstance(limit, int) else 0

    def note(self, weights: str, text: str) -> None:
        """Keep a note; an empty one goes away.

        Raises:
            StudioError: It is too long, or the disk refuses.
        """
        self._keep(weights, note=text.strip())

    def rate(self, weights: str, rating: int) -> None:
        """Keep a rating of 1 to 5; 0 takes it away."""
        self._keep(weights, rating=rating)

    def set_defaults(self, weights: str, values: Mapping[str, Value | None]) -> None:
        """Change defaults; None takes one away."""
        merged = {**self.of(weights).defaults, **values}
        self._keep(weights, defaults={k: v for k, v in merged.items() if v is not None})

    def forget(self, weights: str) -> None:
        """Forget everything about ``weights``."""
        self._settings.reset(REMARKS + weights)

    def _keep(self, weights: str, **change: Any) -> None:
        changed = msgspec.to_builtins(msgspec.structs.replace(self.of(weights), **change))
        try:
            msgspec.convert(changed, UserNote)
        except msgspec.ValidationError as error:
            raise StudioError(
                ErrorCode.BAD_INPUT, _IN_WORDS.get(next(iter(change)), str(error))
            ) from error
        if changed:
            self._settings.set(REMARKS + weights, changed)
        else:
            self.forget(weights)


_IN_WORDS = {
    "note": f"A note can have at most {MAX_NOTE:,} characters.",
    "rating": f"A rating must be a whole number from 1 to {MAX_RATING}, or 0 for none.",
}
