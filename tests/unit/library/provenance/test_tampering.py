"""Whatever is changed in a file of ours is found, and what others signed is not taken for ours."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from studio.base.paths import StudioPaths
from studio.library.provenance import content_credentials, side_file
from studio.library.provenance.container_writer import rewritten
from studio.library.provenance.containers import Container, Role, parts, recognise
from studio.library.provenance.content_credentials import signed
from studio.library.provenance.disclosure import Disclosure
from studio.library.provenance.examination import Finding, Signer, Verdict, examine
from studio.library.provenance.exporter import Exported
from studio.library.provenance.installation_key import InstallationKey
from studio.library.provenance.statement import Source, Statement, xmp
from studio.library.provenance.verification import signer
from tests.unit.library.provenance.conftest import CARRIERS, PICTURE, Shelf

Export = Callable[..., Exported]
FLIPS = 30
"""In each file, evenly over all of it: pictures, chunk heads, record, filling."""


def record_of(data: bytes) -> tuple[int, int]:
    """Return where the signed record lies, with its head."""
    container = recognise(data[:12])
    assert container is not None
    [part] = [part for part in parts(container, data) if part.role is Role.MANIFEST]
    return part.start, part.end


def flipped(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def tampered(path: Path, other: Path) -> Iterator[tuple[str, bytes]]:
    """Yield changed copies of a file with a record inside, and what was done to each."""
    data = path.read_bytes()
    start, end = record_of(data)
    places = {round(n * (len(data) - 1) / FLIPS) for n in range(FLIPS + 1)}
    for at in sorted(places | {start, start + 2, end - 1, end - 2}):
        yield f"a bit at {at} of {len(data)}", flipped(data, at)
    theirs = other.read_bytes()
    first, last = record_of(theirs)
    yield "a record of another file of ours", data[:start] + theirs[first:last] + data[end:]
    yield "a byte more", data + b"\0"
    yield "a byte less", data[:-1]
    if path.suffix != ".wav":
        stream = io.BytesIO()
        with Image.open(path) as image:
            image.save(stream, image.format)
        yield "saved again", stream.getvalue()
        stream = io.BytesIO()
        with Image.open(path) as image:
            label, info = image.info["xmp"], PngImagePlugin.PngInfo()
            info.add_itxt("XML:com.adobe.xmp", label.decode())
            image.save(stream, image.format, xmp=label, pnginfo=info)
        yield "saved again with its label", stream.getvalue()


@pytest.mark.parametrize("suffix", CARRIERS)
def test_all_that_is_changed_in_a_file_is_found(
    suffix: str, exported: Export, shelf: Shelf, tmp_path: Path
) -> None:
    path, other = exported(suffix).path, exported(suffix, Disclosure.LABEL).path
    assert examine(path, shelf.ours).verdict is Verdict.OURS, "the control"
    copy, unseen, tried = tmp_path / f"copy{suffix}", [], 0
    for what, data in tampered(path, other):
        copy.write_bytes(data)
        verdict = examine(copy, shelf.ours).verdict
        tried += 1
        if verdict in (Verdict.OURS, Verdict.ANOTHER):
            unseen.append(what)
        if verdict is Verdict.NONE and what != "saved again":
            unseen.append(f"{what}: as if it never had a record")
    assert unseen == []
    assert tried > FLIPS


@pytest.mark.parametrize("suffix", [".mid", ".py"])
def test_all_that_is_changed_beside_a_file_is_found(
    suffix: str, exported: Export, shelf: Shelf, tmp_path: Path
) -> None:
    made, other = exported(suffix), exported(".txt", Disclosure.LABEL)
    assert made.side is not None
    assert other.side is not None
    copy = tmp_path / made.path.name
    side = side_file.beside(copy)
    whole, said = made.path.read_bytes(), made.side.read_bytes()
    tries = [(flipped(whole, n), said) for n in range(0, len(whole), 7)]
    tries += [(whole, flipped(said, round(n * (len(said) - 1) / 60))) for n in range(61)]
    tries += [(whole, other.side.read_bytes()), (whole + b" ", said), (whole, said + b"\n")]
    for data, words in tries:
        copy.write_bytes(data)
        side.write_bytes(words)
        assert examine(copy, shelf.ours).verdict in (Verdict.CHANGED, Verdict.UNREADABLE)
    copy.write_bytes(whole)
    side.write_bytes(said)
    assert examine(copy, shelf.ours).verdict is Verdict.OURS, "the control"
    assert examine(side, shelf.ours).verdict is Verdict.OURS, "or its side file is named"


# --- who signed it --------------------------------------------------------------------------------


def picture(format: str = "PNG") -> bytes:
    stream = io.BytesIO()
    PICTURE.save(stream, format)
    return stream.getvalue()


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> InstallationKey:
    """The key of another installation: it bears our name, as anybody's may."""
    return InstallationKey.of(StudioPaths(tmp_path_factory.mktemp("elsewhere")))


def by(key: InstallationKey, path: Path, ours: Signer | None, **said: Any) -> Finding:
    """Write a picture signed with ``key`` to ``path``, and examine it."""
    statement = Statement(Source.GENERATED, **said)
    labelled = rewritten(Container.PNG, picture(), xmp(statement), keep_told=False)
    path.write_bytes(signed(Container.PNG, labelled, statement, key))
    return examine(path, ours)


def test_another_installation_is_told_from_ours(
    stranger: InstallationKey, shelf: Shelf, tmp_path: Path
) -> None:
    hidden = InstallationKey.of(shelf.paths).hide(shelf.ids[".png"])
    found = by(stranger, tmp_path / "theirs.png", shelf.ours, artifact=hidden)
    assert found.verdict is Verdict.ANOTHER
    assert "a name that anyone can choose" in found.why
    assert by(stranger, tmp_path / "theirs.png", None).verdict is Verdict.ANOTHER
    assert by(stranger, tmp_path / "theirs.png", signer(stranger)).verdict is Verdict.OURS


def test_a_certificate_with_our_numbers_is_not_ours(
    stranger: InstallationKey, shelf: Shelf, tmp_path: Path
) -> None:
    """A liar may copy every name and number of ours, but has another key."""
    theirs = signer(stranger)
    assert theirs is not None
    pretended = Signer(shelf.ours.authority, theirs.serial, shelf.ours.public)
    assert by(stranger, tmp_path / "theirs.png", pretended).verdict is Verdict.ANOTHER


def test_a_side_file_of_another_key_is_not_ours(
    stranger: InstallationKey, shelf: Shelf, tmp_path: Path
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"hello")
    digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    said = side_file.write(Statement(Source.GENERATED), digest, stranger)
    side_file.beside(path).write_bytes(said)
    assert examine(path, shelf.ours).verdict is Verdict.ANOTHER
    lie = said.replace(stranger.public.encode(), shelf.ours.public.encode())
    assert lie != said
    side_file.beside(path).write_bytes(lie)
    assert examine(path, shelf.ours).verdict is Verdict.CHANGED


def test_a_record_of_another_program_is_read(
    stranger: InstallationKey, shelf: Shelf, tmp_path: Path
) -> None:
    """Made by c2pa-python itself, with a thumbnail, a title and an ingredient."""
    c2pa = content_credentials.library()
    definition = {
        "claim_generator_info": [{"name": "Camera\u202e of\nX" + "y" * 500, "version": "9"}],
        "title": "Holiday",
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {
                    "actions": [{"action": "c2pa.created", "digitalSourceType": "a/b/digital"}]
                },
            }
        ],
    }
    out = io.BytesIO()
    info = c2pa.C2paSignerInfo(b"es256", stranger.chain, stranger.private, None)
    with c2pa.Signer.from_info(info) as sign, c2pa.Builder(definition) as builder:
        builder.add_ingredient({"title": "p"}, "image/jpeg", io.BytesIO(picture("JPEG")))
        builder.sign(sign, "image/jpeg", io.BytesIO(picture("JPEG")), out)
    path = tmp_path / "theirs.jpg"
    path.write_bytes(out.getvalue())
    found = examine(path, shelf.ours)
    assert found.verdict is Verdict.ANOTHER, found
    assert found.program.startswith("Camera of X")
    assert len(found.program) <= 80
    assert found.program.isprintable()


def test_what_it_says_is_read_again(exported: Export, shelf: Shelf) -> None:
    found = examine(exported(".png").path, shelf.ours)
    assert found.statement is not None
    assert found.statement.recipe is not None
    assert found.statement.recipe["record"]["seed"] == 987654321
    assert json.dumps(found.statement.recipe["record"]["params"]).count("purple elephant") == 1


def test_a_file_without_any_has_none(shelf: Shelf, tmp_path: Path) -> None:
    for name, data in (("a.png", picture()), ("a.txt", b"x"), ("empty.bin", b"")):
        (tmp_path / name).write_bytes(data)
        assert examine(tmp_path / name, shelf.ours).verdict is Verdict.NONE
    shutil.rmtree(tmp_path)
    assert examine(tmp_path / "gone.png", shelf.ours).verdict is Verdict.UNREADABLE
