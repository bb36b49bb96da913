"""A library as somebody would have it after a week, for pictures of the window. No randomness."""

from __future__ import annotations

import io
import math
import struct

from studio.api.artifacts import Check, NewArtifact, Verdict
from studio.base.energy.amount import Amount
from studio.library import Library

_EXTRA = {
    "weights": "smollm2-135m-instruct",
    "tokens_per_second": 42.0,
    "first_token_seconds": 0.21,
    "tokens": 148,
    "prompt_tokens": 64,
}
_ANSWER = """\
A **dilated** convolution spaces its taps *d* pixels apart, so a 3×3 kernel with d = 2 sees a 5×5 \
field with nine weights. Ωμέγα, naïve café, ∑∂∇ and emoji 🎵🧪🎨.

```python
import torch.nn as nn


class Dilated(nn.Module):
    \"\"\"3x3, dilation 2\"\"\"

    def __init__(self, c: int = 64):
        super().__init__()
        self.conv = nn.Conv2d(c, c, 3, padding=2, dilation=2)  # same size
```

| dilation | field | weights |
|---:|---:|---:|
| 1 | 3 × 3 | 9 |
| 2 | 5 × 5 | 9 |
| 4 | 9 × 9 | 9 |

Output size stays equal when `padding = dilation`.
"""
_ESTIMATED = "estimated from processor time at 5.8 W per thread"
_OTHERS = (
    ("A letter to the neighbours", "Write a short note: we rebuild the stairs on Monday."),
    ("Dinners for a week", "Plan a week of dinners for two, no mushrooms."),
    ("Why the sky is blue", "Explain to a ten-year-old why the sky is blue."),
    ("Rhymes with orange", "Is there a word that rhymes with orange?"),
    ("Names for a boat", "Ten names for a small wooden boat."),
)


def fill(library: Library) -> str:
    """Add conversations and results; return the id of the conversation worth showing."""
    store = library.conversations
    for title, question in _OTHERS:
        talk = store.create(title)
        turn = store.add_message(talk.id, None, "user", question)
        store.add_message(talk.id, turn.id, "assistant", "Gladly.", extra=_EXTRA)
    store.pin(talk.id, True)
    shown = store.create("Explain a dilated convolution")
    turn = store.add_message(shown.id, None, "user", "Show it in PyTorch, please 🙂")
    store.add_message(shown.id, turn.id, "assistant", _ANSWER, extra=_EXTRA)
    _add_results(library)
    return shown.id


def _add_results(library: Library) -> None:
    passed = Verdict((Check("not blank", True, "212 grey levels"),))
    for place, title in enumerate(
        ("A lighthouse at dusk", "Dunes, seen from above", "A quiet harbour")
    ):
        png = _picture(place)
        record = library.add_record("image.generate", {"prompt": title}, seed=place, plugin="image")
        energy = Amount(46.0 + place, 23.0, 92.0, 46.0, _ESTIMATED, 6.0, 8.0)
        library.records.complete(record.id, seconds=6.2, device="cpu", energy=energy)
        library.add_artifact(
            NewArtifact("image", png, suffix=".png", title=title, verdict=passed, preview=png),
            record=record.id,
        )
    poem = "The sea keeps time\nwith no one's clock,\nand writes its rhyme\non every rock."
    library.add_artifact(
        NewArtifact("text", poem.encode(), suffix=".md", title="The sea", text=poem)
    )
    code = "def words(path):\n    return len(open(path).read().split())\n"
    library.add_artifact(
        NewArtifact("code", code.encode(), suffix=".py", title="Count the words", text=code)
    )
    score = _score()
    library.add_artifact(
        NewArtifact("score", score, suffix=".mid", title="Evening walk", text="D minor, 3/4")
    )
    table = "dilation,field\n1,3\n2,5\n4,9\n"
    library.add_artifact(
        NewArtifact("table", table.encode(), suffix=".csv", title="Fields", text=table)
    )


def _score() -> bytes:
    """Return a MIDI file: sixteen bars of a waltz in D minor with bass and chords."""
    steps = (9, 7, 5, 4, 5, 7, 9, 12, 10, 9, 7, 5, 7, 4, 2, 2)  # semitones above C4, one a bar
    roots = (2, 9, 10, 9, 2, 7, 9, 2, 10, 5, 7, 10, 7, 9, 2, 2)
    melody, chords, bass = [], [], []
    for bar, (step, root) in enumerate(zip(steps, roots)):
        start = bar * 1440
        turn = (step, step + (3 if bar % 2 else -2), steps[(bar + 1) % 16])
        melody += [(start + 480 * beat, 60 + pitch, 470) for beat, pitch in enumerate(turn)]
        bass.append((start, 36 + root, 1400))
        chords += [(start + 480 * beat, 48 + root + up, 400) for beat in (1, 2) for up in (7, 12)]
    tracks = (("Melody", 73, melody), ("Chords", 24, chords), ("Bass", 32, bass))
    head = b"\x00\xff\x51\x03" + (600_000).to_bytes(3, "big")  # 100 quarter notes a minute
    head += b"\x00\xff\x58\x04\x03\x02\x18\x08\x00\xff\x59\x02\xff\x01"  # 3/4, D minor
    chunks = [_chunk(b"MTrk", head + b"\x00\xff\x2f\x00")]
    chunks += [_track(place, *track) for place, track in enumerate(tracks)]
    return _chunk(b"MThd", struct.pack(">HHH", 1, len(chunks), 480)) + b"".join(chunks)


def _track(channel: int, name: str, program: int, notes: list[tuple[int, int, int]]) -> bytes:
    """Return a track of (start, pitch, length) in ticks."""
    on = [(start, 1, pitch) for start, pitch, _ in notes]
    off = [(start + length, 0, pitch) for start, pitch, length in notes]
    body = b"\x00\xff\x03" + bytes([len(name)]) + name.encode()
    body += b"\x00" + bytes([0xC0 | channel, program])
    now = 0
    for tick, sounds, pitch in sorted(on + off):
        wait, now = tick - now, tick
        body += bytes([0x80 | wait >> 7, wait & 0x7F] if wait > 127 else [wait])
        body += bytes([0x90 | channel, pitch, (64 + tick // 480 % 3 * 12) * sounds])
    return _chunk(b"MTrk", body + b"\x00\xff\x2f\x00")


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "big") + body


def _picture(place: int, width: int = 512, height: int = 384) -> bytes:
    """Return a PNG of hills under a sky, another one for each ``place``."""
    from PIL import Image

    sky = ((38, 44, 92), (196, 138, 92), (92, 132, 160))[place % 3]
    picture = Image.new("RGB", (width, height))
    pixels = picture.load()
    for x in range(width):
        hill = height * (0.62 + 0.1 * math.sin(x / 70 + 2 * place) + 0.04 * math.sin(x / 23))
        for y in range(height):
            light = 1.4 - 0.9 * y / height if y < hill else 0.5 - 0.3 * (y - hill) / height
            pixels[x, y] = tuple(min(255, int(part * light)) for part in sky)  # type: ignore[index]
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()
