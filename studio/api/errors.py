"""The errors a plugin may raise. Nothing else reaches the user as plain words."""

from __future__ import annotations

from studio.protocol.errors import Cancelled, ErrorCode, StudioError

__all__ = ["BadInput", "Cancelled", "ErrorCode", "StudioError"]


class BadInput(StudioError):
    """Invalid user input; names the field, the reason, and valid values."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(ErrorCode.BAD_INPUT, message, hint)
