"""Thirty thousand random and mutated frames: each is a message, an error or a closed link."""

from __future__ import annotations

import io
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.protocol import frames
from studio.protocol.blobs import SharedArea
from studio.protocol.device_status import LoadedWeights
from studio.protocol.errors import ErrorCode, ErrorInfo, StudioError
from studio.protocol.link import Link, LinkClosed
from studio.protocol.messages import (
    BlobSpec,
    Configure,
    Finished,
    Hello,
    Inspected,
    JobChanged,
    Message,
    Preview,
    Produced,
    Progress,
    Report,
    Request,
    Status,
    Submit,
    TextDelta,
    WeightsEntry,
    WorkerEntry,
)
from studio.protocol.states import JobState, Lane

REQUESTS: list[tuple[Message, list[bytes]]] = [
    (Hello(1, "1.0", {"torch": "2.7"}, 12), []),
    (Configure((WorkerEntry("p", "m", {"t": "m:C"}, {"t": Lane.BATCH}),)), []),
    (Configure((), (WeightsEntry("w", "/w", "llama", "ab" * 32, ("text",)),), 2**40), []),
    (
        Submit("j", "t", {"a": [1, 2.5, None, {"b": "c"}]}, 7, blobs={"x": 0, "y": 1},
               specs={"x": BlobSpec("float32", (2, 3))}),
        [bytes(24), b"abc"],
    ),
]  # fmt: skip
REPORTS: list[tuple[Message, list[bytes]]] = [
    (JobChanged("j", JobState.LOADING, "waits"), []),
    (Progress("j", 1, 20, "step", 3.5), []),
    (TextDelta("j", "Grüße 你好", 4), []),
    (Preview("j", 0, BlobSpec("uint8", (2, 2, 3))), [bytes(12)]),
    (Produced("j", "image", ".png", 0, BlobSpec("bytes", (9,)), preview=1), [bytes(9), b"png"]),
    (Finished("j", JobState.FAILED, {"a": 1}, ErrorInfo(ErrorCode.INTERNAL, "x")), []),
    (Status("cpu", "c", 2, 1, 2, (LoadedWeights("w", 3, "cpu", ("j",)),), ("j",), 9), []),
    (Inspected("r", {"layers": 30}), []),
]
SIDES: dict[str, tuple[Any, list[tuple[Message, list[bytes]]]]] = {
    "runtime": (Request, REQUESTS),
    "studio": (Report, REPORTS),
}


class Nowhere(io.RawIOBase):
    """Takes whatever is written."""


def encoded(message: Message, blobs: list[bytes]) -> bytes:
    return b"".join(bytes(part) for part in frames.encode(frames.encode_body(message), blobs))


def mutations(seeds: list[bytes], rng: random.Random) -> Iterator[bytes]:
    """Yield frames that are valid, nearly valid, or noise."""
    while True:
        data = bytearray(rng.choice(seeds))
        sort = rng.randrange(8)
        if sort == 0:
            data = bytearray(rng.randbytes(rng.randrange(80)))
        elif sort == 1:  # a good header before noise
            noise = rng.randbytes(rng.randrange(60))
            data = bytearray(frames.HEADER.pack(frames.MAGIC, len(noise), 0) + noise)
        elif sort == 2:
            del data[rng.randrange(len(data)) :]
        elif sort == 3:  # a header or table that lies
            at = rng.randrange(4, min(len(data), frames.HEADER.size + frames.ENTRY.size))
            data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif sort == 4:  # two frames grown into each other
            other = rng.choice(seeds)
            data[rng.randrange(len(data)) :] = other[rng.randrange(len(other)) :]
        else:
            for _ in range(rng.randrange(1, 6)):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        yield bytes(data)


@pytest.mark.parametrize("side", SIDES)
def test_no_frame_of_thousands_crashes_either_side(side: str, tmp_path: Path) -> None:
    decode, messages = SIDES[side]
    seeds = [encoded(message, blobs) for message, blobs in messages]
    rng = random.Random(side)
    area = SharedArea.create(tmp_path)
    outcomes: Counter[str] = Counter()
    for _, data in zip(range(15_000), mutations(seeds, rng), strict=False):
        link = Link.over(io.BytesIO(data), Nowhere(), decode=decode, area=area)
        try:
            received = link.receive()
            assert isinstance(received.message, decode)
            outcomes["message"] += 1
        except StudioError as error:
            assert error.code is ErrorCode.PROTOCOL  # noqa: PT017 - one of three fine outcomes
            outcomes["refused"] += 1
        except LinkClosed:
            outcomes["closed"] += 1
    assert min(outcomes[sort] for sort in ("message", "refused", "closed")) > 300, outcomes
    area.close()


@pytest.mark.parametrize("side", SIDES)
def test_control_every_seed_is_a_message(side: str) -> None:
    decode, messages = SIDES[side]
    for message, blobs in messages:
        link = Link.over(io.BytesIO(encoded(message, blobs)), Nowhere(), decode=decode)
        received = link.receive()
        assert received.message == message
        assert [bytes(blob) for blob in received.blobs] == blobs
