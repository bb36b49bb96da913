"""Whether a C2PA store has the form its signer gave it, in the places that no signature covers.

A validator passes over changes to names of boxes, to lengths and to a thousand bytes of filling.
They alter nothing that is shown or said; but "unchanged" is to mean every byte.

Sources: JUMBF (ISO 19566-5), COSE (RFC 9052), C2PA 2.1, sections 11.1 and 13.2.
"""

from __future__ import annotations

from collections.abc import Sequence

from studio.library.provenance.containers import Container, Part

_SEGMENT = b"JP\x02\x11\x00\x00\x00\x01"
"""What a segment of a JPEG begins with that holds a whole store."""
_PARTS = [b"c2pa.assertions", b"c2pa.claim.v2", b"c2pa.signature"]
_PAD, _RAW_SIGNATURE = b"\x63pad", b"\xf6\x58\x40"
_RAW_BYTES = 64


def is_as_signed(container: Container, data: bytes, parts: Sequence[Part]) -> bool:
    """Whether ``parts``, the signed record of a file of ours, has not one byte another way."""
    if len(parts) != 1 or not parts[0].sound:
        return False
    store = data[parts[0].payload : parts[0].payload_end]
    if container is Container.JPEG:
        if not store.startswith(_SEGMENT):
            return False
        store = store[len(_SEGMENT) :]
    try:
        _check(store)
    except ValueError:
        return False
    return True


def _check(store: bytes) -> None:
    """Raise ``ValueError`` where the store has another form."""
    [top] = _boxes(store)
    label, [manifest] = _superbox(top)
    if label != b"c2pa":
        raise ValueError
    _, inner = _superbox(manifest)
    labelled = [_superbox(box) for box in inner]
    if [label for label, _ in labelled] != _PARTS:
        raise ValueError
    [(_, signature)] = labelled[-1][1]
    filling = signature[:-_RAW_BYTES].rpartition(_PAD)[2]
    size = {0x58: 1, 0x59: 2}.get(filling[0] if filling else 0, 0)
    zeros = int.from_bytes(filling[1 : 1 + size])
    if not size or filling[1 + size :] != bytes(zeros) + _RAW_SIGNATURE:
        raise ValueError


def _boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return (kind, payload) of boxes that fill ``data`` without a gap."""
    boxes, at = [], 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4])
        if length < 8 or at + length > len(data):
            raise ValueError
        boxes.append((data[at + 4 : at + 8], data[at + 8 : at + length]))
        at += length
    return boxes


def _superbox(box: tuple[bytes, bytes]) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Return the label of a box of boxes, and those."""
    kind, data = box
    first, *rest = _boxes(data) or [(b"", b"")]
    if kind != b"jumb" or first[0] != b"jumd" or first[1][-1:] != b"\0":
        raise ValueError
    return first[1][17:-1], rest
