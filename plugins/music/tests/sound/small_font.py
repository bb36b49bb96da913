"""A sound font of one sine, written by the test: no font of others is needed."""

from __future__ import annotations

import struct

import numpy as np

RATE = 44_100
_END = 46
"""Zeros that a font has behind each sample."""


def small_font() -> bytes:
    """Return an SF2 file with one preset (bank 0, program 0): a sine of 440 Hz, looped, on A4."""
    period = RATE / 440
    count = round(period * 44)
    wave = np.rint(20_000 * np.sin(2 * np.pi * 440 * np.arange(count) / RATE)).astype("<i2")
    data = wave.tobytes() + bytes(2 * _END)
    header = _chunk("ifil", struct.pack("<HH", 2, 1)) + _chunk("INAM", b"Small\0")
    presets = _preset("Sine", 0) + _preset("EOP", 1)
    zones = struct.pack("<HH", 0, 0) + struct.pack("<HH", 1, 0)
    instrument = struct.pack("<20sH", b"Sine", 0) + struct.pack("<20sH", b"EOI", 1)
    inner = struct.pack("<HH", 0, 0) + struct.pack("<HH", 2, 0)
    looped = struct.pack("<HH", 54, 1) + struct.pack("<HH", 53, 0) + struct.pack("<HH", 0, 0)
    sample = struct.pack("<20sIIIIIBbHH", b"Sine", 0, count, 0, count, RATE, 69, 0, 0, 1)
    end = struct.pack("<20sIIIIIBbHH", b"EOS", 0, 0, 0, 0, 0, 0, 0, 0, 0)
    tables = {
        "phdr": presets, "pbag": zones, "pmod": bytes(10),
        "pgen": struct.pack("<HH", 41, 0) + struct.pack("<HH", 0, 0),
        "inst": instrument, "ibag": inner, "imod": bytes(10), "igen": looped,
        "shdr": sample + end,
    }  # fmt: skip
    body = b"".join(_chunk(name, table) for name, table in tables.items())
    parts = _list("INFO", header) + _list("sdta", _chunk("smpl", data)) + _list("pdta", body)
    return b"RIFF" + struct.pack("<I", len(parts) + 4) + b"sfbk" + parts


def _preset(name: str, bag: int) -> bytes:
    return struct.pack("<20sHHHIII", name.encode(), 0, 0, bag, 0, 0, 0)


def _chunk(name: str, body: bytes) -> bytes:
    return name.encode() + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def _list(name: str, body: bytes) -> bytes:
    return _chunk("LIST", name.encode() + body)
