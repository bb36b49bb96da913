"""How far two results of one kind are apart, measured, for *Recreate exactly* of a plugin's kinds.

A task whose manifest entry says ``compares = ["score"]`` is asked for results of those kinds that
are not the same bytes: it is handed the inputs ``before`` and ``after``, and the parameter
``suffix`` where it has one, and ends with ``ctx.result(**difference(words, *effects))``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from studio.api.errors import BadInput
from studio.api.stability import since


@since("1.1")
class Effect(msgspec.Struct, frozen=True):
    """One measure of the difference between two results.

    Attributes:
        name: The measure, ``notes added``.
        unit: Unit of the value, ``dB``; empty for a count.
        tolerance: Up to this value, the results count as equal; None for an informative measure
            only.
    """

    name: str
    value: float
    unit: str = ""
    tolerance: float | None = None


@since("1.1")
class Difference(msgspec.Struct, frozen=True):
    """How two results differ.

    Attributes:
        words: The same for a person, so that it completes a sentence: ``3 notes were added``.
    """

    words: str
    effects: tuple[Effect, ...] = ()

    @property
    def is_within(self) -> bool:
        """Whether all that has a tolerance keeps within it, and something has."""
        bound = [effect for effect in self.effects if effect.tolerance is not None]
        return bool(bound) and all(effect.value <= (effect.tolerance or 0.0) for effect in bound)


@since("1.1")
def difference(words: str, *effects: Effect) -> dict[str, Any]:
    """Return a difference as the result of the task that found it."""
    plain: dict[str, Any] = msgspec.to_builtins(Difference(words, effects))
    return plain


@since("1.1")
def read_difference(result: Mapping[str, Any]) -> Difference:
    """Return what ``difference`` made.

    Raises:
        BadInput: It is something else.
    """
    try:
        return msgspec.convert(dict(result), Difference)
    except msgspec.ValidationError as error:
        raise BadInput(f"This is not a difference: {error}.") from error
