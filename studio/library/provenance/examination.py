"""Examines the provenance of one file. The file is hostile: run in ``reading_process``.

Makes no requests: a remote record is reported and not fetched.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from studio.library.provenance import content_credentials, side_file
from studio.library.provenance import statement as statements
from studio.library.provenance.containers import LONGEST, Container, Part, Role, parts, recognise
from studio.library.provenance.statement import PROGRAM, Statement
from studio.protocol.errors import StudioError
from studio.protocol.regular_file import open_regular

# Names as in JUMBF (ISO 19566-5), COSE (RFC 9052) and C2PA 2.1, sections 11.1 and 13.2.
_SEGMENT = b"JP\x02\x11\x00\x00\x00\x01"
"""What a segment of a JPEG begins with that holds a whole store."""
_PARTS = [b"c2pa.assertions", b"c2pa.claim.v2", b"c2pa.signature"]
_PAD, _RAW_SIGNATURE = b"\x63pad", b"\xf6\x58\x40"
_RAW_BYTES = 64


def is_as_signed(container: Container, data: bytes, parts: Sequence[Part]) -> bool:
    """Whether ``parts``, the signed record of a file of ours, has the form its signer gave it.

    A validator passes over changes to names of boxes, to lengths and to a thousand bytes of
    filling. They alter nothing that is shown; but "unchanged" is to mean every byte.
    """
    if len(parts) != 1 or not parts[0].sound:
        return False
    store = data[parts[0].payload : parts[0].payload_end]
    if container is Container.JPEG:
        if not store.startswith(_SEGMENT):
            return False
        store = store[len(_SEGMENT) :]
    try:
        _check_form(store)
    except ValueError:
        return False
    return True


def _check_form(store: bytes) -> None:
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


LONGEST_RECORD = 4 << 20
LONGEST_UNKNOWN = 64 << 20
"""So much of a file is searched for a record whose format is not known."""
LONGEST_NAME = 80
_STORE = b"jumdc2pa" + bytes.fromhex("00110010800000aa00389b71")
"""How a store of records begins: box type and content type (C2PA 2.1, 11.1.4)."""
_TRACES = (_STORE, b"c2pa.assertions", b"c2pa.signature")
"""Bytes that only a signed record has: found where there is none, it was damaged."""
_BINDINGS = ("assertion.dataHash.match", "assertion.boxesHash.match", "assertion.bmffHash.match")
_OF_SIGNER = ("signingCredential.", "timeStamp.", "claimSignature.outsideValidity")
"""Failures that are of the one who signed, and not of the file."""


class Verdict(StrEnum):
    """The verdict on a file's provenance."""

    OURS = "ours"
    """Made by this studio, unchanged."""
    ANOTHER = "another"
    """Signed by another installation or program, unchanged since."""
    CHANGED = "changed"
    NONE = "none"
    UNREADABLE = "unreadable"


class Signer(msgspec.Struct, frozen=True):
    """What this installation signs with; nothing secret.

    Attributes:
        authority: The certificate that vouches for its key, as PEM.
        serial: Serial number of the signer's certificate, in decimal.
        public: As ``InstallationKey.public``.
    """

    authority: str
    serial: str
    public: str


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """The provenance finding for one file.

    Attributes:
        why: The observation, as a sentence.
        program: Who claims to have made it, unverified unless it is ours.
        source: The digital source type as IPTC names it.
        statement: The studio's record; trusted only where the verdict is ``OURS``.
        sha256: Of the whole file; empty if it cannot be read.
    """

    verdict: Verdict
    why: str = ""
    program: str = ""
    source: str = ""
    statement: Statement | None = None
    sha256: str = ""


def examine(path: Path, ours: Signer | None) -> Finding:
    """Return the provenance finding of a file; never raises, whatever its content.

    Args:
        path: The file, or the side file of one.
        ours: The signer of this installation; None if it never signed.
    """
    path = side_file.described(path)
    try:
        with open_regular(path) as file:
            container = recognise(file.read(12))
            file.seek(0)
            if os.fstat(file.fileno()).st_size > LONGEST:
                container = None
            data = file.read(LONGEST if container else LONGEST_UNKNOWN)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        side = _read_side(path)
    except OSError as error:
        return Finding(Verdict.UNREADABLE, f"The file cannot be read ({error.strerror or error}).")
    finding = None
    if container is not None:
        finding = _inside(container, data, ours)
    elif _STORE in data:
        why = "It holds a signed record, but in a format that is damaged or not supported."
        finding = Finding(Verdict.UNREADABLE, why)
    if finding is None or (finding.verdict is Verdict.NONE and side is not None):
        finding = _beside(side, digest, ours) or finding or Finding(Verdict.NONE)
    return msgspec.structs.replace(finding, sha256=digest)


# --- a record inside ------------------------------------------------------------------------------


def _inside(container: Container, data: bytes, ours: Signer | None) -> Finding | None:
    """Return the finding from an embedded record; None if there is no trace of one."""
    has_traces = any(trace in data for trace in _TRACES)
    try:
        segments = parts(container, data)
    except StudioError as error:
        if has_traces:
            return _changed("The file is damaged, and so is its signed record.")
        return Finding(Verdict.UNREADABLE, error.message)
    record = [part for part in segments if part.role is Role.MANIFEST]
    if record:
        return _record(container, data, record, ours)
    labels = [data[p.payload : p.payload_end] for p in segments if p.role is Role.XMP]
    if has_traces or any(map(statements.is_labelled, labels)):
        return _changed("It is labelled, but its signed record is damaged or was removed.")
    if any(b"dcterms:provenance" in label for label in labels):
        why = "It only names an address where a record may lie. It was not looked up."
        return Finding(Verdict.NONE, why)
    return None


def _record(
    container: Container, data: bytes, record: Sequence[Part], ours: Signer | None
) -> Finding:
    size = sum(part.payload_end - part.payload for part in record)
    if size > LONGEST_RECORD:
        why = f"Its signed record has {size >> 20} MB; at most {LONGEST_RECORD >> 20} MB are read."
        return Finding(Verdict.UNREADABLE, why)
    try:
        report = _told(container, data, ours)
        manifest = report["manifests"][report["active_manifest"]]
        results = report["validation_results"]
        failures = sorted(_codes(results, "failure"))
        successes = _codes(results["activeManifest"], "success")
        finding = _described(manifest)
    except StudioError as error:
        return Finding(Verdict.UNREADABLE, error.message)
    except (LookupError, TypeError, AttributeError, ValueError, RecursionError):
        if any(PROGRAM.encode() in data[p.start : p.end] for p in record):
            return _changed("Its signed record is damaged.")
        why = "Its signed record cannot be read: it is damaged, or of an unsupported version."
        return Finding(Verdict.UNREADABLE, why)
    changed = [code for code in failures if not code.startswith(_OF_SIGNER)]
    if changed:
        return msgspec.structs.replace(finding, verdict=Verdict.CHANGED, why=_of_code(changed[0]))
    if successes.isdisjoint(_BINDINGS):
        why = "Its record is signed, but not tied to what the file holds."
        return msgspec.structs.replace(finding, verdict=Verdict.UNREADABLE, why=why)
    if not _is_ours(manifest, successes, ours):
        return finding
    if not is_as_signed(container, data, record):
        why = "Bytes of its record were changed, though not what it says."
        return msgspec.structs.replace(finding, verdict=Verdict.CHANGED, why=why)
    return msgspec.structs.replace(finding, verdict=Verdict.OURS, why="")


def _told(container: Container, data: bytes, ours: Signer | None) -> Mapping[str, Any]:
    """Return the C2PA library's report on the file.

    Raises:
        ValueError: The library does not understand the record.
    """
    c2pa = content_credentials.library()
    settings: dict[str, Any] = {"verify": content_credentials.OFFLINE}
    if ours is not None:
        settings["trust"] = {"trust_anchors": ours.authority}
    try:
        with (
            c2pa.Context.from_dict(settings) as context,
            c2pa.Reader(container.value, io.BytesIO(data), context=context) as reader,
        ):
            report: Mapping[str, Any] = json.loads(reader.json())
    except c2pa.C2paError as error:
        raise ValueError(str(error)) from error
    return report


def _codes(results: Any, sort: str) -> set[str]:
    """Return the codes of one sort from anywhere in the record, including its ingredients."""
    codes: set[str] = set()
    rest = [results]
    while rest:
        item = rest.pop()
        if isinstance(item, Mapping):
            codes.update(str(status["code"]) for status in item.get(sort) or ())
            rest += [value for name, value in item.items() if name != sort]
        elif isinstance(item, list):
            rest += item
    return codes


def _described(manifest: Mapping[str, Any]) -> Finding:
    generators = manifest.get("claim_generator_info")
    program = _line(generators[0].get("name", "")) if generators else ""
    issuer = _line((manifest.get("signature_info") or {}).get("issuer", ""))
    why = "It was signed with a key that this installation does not know."
    if issuer:
        why = f"It was signed by “{issuer}”, a name that anyone can choose."
    return Finding(
        Verdict.ANOTHER,
        why,
        program=program,
        source=_source(manifest),
        statement=statements.of_manifest(manifest),
    )


def _source(manifest: Mapping[str, Any]) -> str:
    for assertion in manifest.get("assertions", ()):
        if str(assertion.get("label", "")).startswith("c2pa.actions"):
            for action in assertion["data"].get("actions", ()):
                if kind := action.get("digitalSourceType"):
                    return _line(str(kind).rpartition("/")[2])
    return ""


def _is_ours(manifest: Mapping[str, Any], successes: set[str], ours: Signer | None) -> bool:
    serial = (manifest.get("signature_info") or {}).get("cert_serial_number")
    trusted = "signingCredential.trusted" in successes
    return ours is not None and trusted and serial == ours.serial


def _of_code(code: str) -> str:
    if code.startswith(_BINDINGS[0].partition(".match")[0]):
        return "What it holds is not what was signed."
    if code.startswith("assertion."):
        return "What its record says is not what was signed."
    return f"Its signature does not hold ({_line(code)})."


def _changed(why: str) -> Finding:
    return Finding(Verdict.CHANGED, why)


def _line(text: object) -> str:
    """Return a name from outside as one short line of plain characters."""
    plain = "".join(c if c.isprintable() else " " for c in str(text)[: 4 * LONGEST_NAME])
    return " ".join(plain.split())[:LONGEST_NAME]


# --- a record beside ------------------------------------------------------------------------------


def _read_side(path: Path) -> side_file.SideFile | Finding | None:
    try:
        with open_regular(side_file.beside(path)) as file:
            data = file.read(side_file.LONGEST + 1)
    except FileNotFoundError:
        return None
    side = side_file.read(data) if len(data) <= side_file.LONGEST else None
    if side is None:
        return _changed("The file with its record was changed or damaged.")
    return side


def _beside(
    side: side_file.SideFile | Finding | None, digest: str, ours: Signer | None
) -> Finding | None:
    if side is None or isinstance(side, Finding):
        return side
    statement = side.statement
    finding = Finding(
        Verdict.ANOTHER,
        "It was signed with a key that this installation does not know.",
        program=_line(statement.program),
        source=statement.source.value,
        statement=statement,
    )
    if not side.is_whole:
        why = "The file with its record was changed."
        return msgspec.structs.replace(finding, verdict=Verdict.CHANGED, why=why)
    if side.sha256 != digest:
        why = "What it holds is not what was signed."
        return msgspec.structs.replace(finding, verdict=Verdict.CHANGED, why=why)
    if ours is not None and side.public == ours.public:
        return msgspec.structs.replace(finding, verdict=Verdict.OURS, why="")
    return finding
