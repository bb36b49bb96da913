"""Where a cluster is, as a user writes it; and which sockets that opens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from studio.protocol.errors import ErrorCode, StudioError

LOCAL = "ray"
SETTING = "workflows.cluster"
"""The address that was used last."""
_REMOTE = re.compile(r"ray://(\[[0-9a-fA-F:]+\]|[\w.-]+):(\d{1,5})")


@dataclass(frozen=True)
class Address:
    """A cluster.

    Attributes:
        text: ``ray`` for the one that runs on this machine, or else for one that is started here;
            or ``ray://HOST:PORT``.
    """

    text: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """Return the address in the user's text.

        Raises:
            StudioError: It is none.
        """
        text = text.strip()
        match = _REMOTE.fullmatch(text)
        if text != LOCAL and (match is None or not 0 < int(match[2]) < 65536):
            raise StudioError(
                ErrorCode.BAD_INPUT,
                f"“{text}” is not the address of a cluster.",
                "Write ray://HOST:PORT, or ray for a cluster on this machine. Choose one of your "
                "machines with `studio machines run-on NAME`.",
            )
        return cls(text)

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine."""
        return self.text == LOCAL

    @property
    def host(self) -> str:
        """The machine and the port that is connected to; empty for this machine."""
        return "" if self.is_local else self.text.removeprefix("ray://")

    @property
    def sockets(self) -> str:
        """The sockets opened to reach it, in sentences shown beforehand."""
        if self.is_local:
            return (
                "Joins the Ray cluster of this machine. If none runs, it starts one that listens "
                "on 127.0.0.1 only, wants a token, and ends with the run."
            )
        return (
            f"Connects to {self.host}. Inputs of rows and their results "
            "travel there and back, with a token but not encrypted."
        )
