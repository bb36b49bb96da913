"""How a process ended, in words that a person reads."""

from __future__ import annotations

import signal

_SIGNALS = {
    "SIGSEGV": "It crashed in native code (SIGSEGV).",
    "SIGABRT": "It aborted in native code (SIGABRT).",
    "SIGBUS": "It lost access to a file or to memory (SIGBUS).",
    "SIGILL": "This processor does not support an instruction it used (SIGILL).",
    "SIGFPE": "It crashed in an arithmetic operation (SIGFPE).",
    "SIGKILL": "It was killed (SIGKILL).",
    "SIGTERM": "It was terminated (SIGTERM).",
}


def in_words(code: int, out_of_memory: bool = False) -> str:
    """Return a sentence for an exit code (negative: a signal).

    Args:
        out_of_memory: The system killed a process for want of memory meanwhile.
    """
    if code == 0:
        return "It exited on its own."
    if code > 0:
        return f"It exited with code {code}."
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    if name == "SIGKILL" and out_of_memory:
        return "The system ran out of memory and stopped it."
    return _SIGNALS.get(name, f"It was terminated by {name}.")
