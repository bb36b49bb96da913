"""Whether a text that is being written goes round in a circle, as those of small models may."""

from __future__ import annotations

import re
from collections.abc import Sequence

from studio.api import TextStep

_NUMBER = re.compile(r"^\d+(?=[.)] )", re.MULTILINE)
_EVERY = 16
_TAIL = 4000
_ENOUGH = 1000
"""Characters that are nothing but repetition: less may be meant, such as the refrain of a song."""
_TIMES = 5
_PROBE = 24


def is_circle(pieces: Sequence[str], _step: TextStep | None = None) -> bool:
    """Tell whether the end of a text is one passage over and over, as items of a list, too."""
    if len(pieces) % _EVERY:
        return False
    tail = _NUMBER.sub("", "".join(pieces[-_TAIL:])[-_TAIL:])
    before = tail.rfind(tail[-_PROBE:], 0, -1)
    if before < 0 or len(tail) <= _ENOUGH:
        return False
    period = len(tail) - _PROBE - before
    length = max(_ENOUGH, (_TIMES - 1) * period)
    return len(tail) >= length + period and tail[-length:] == tail[-length - period : -period]
