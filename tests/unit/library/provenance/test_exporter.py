"""What leaves with a file: as much as was chosen, and the picture or sound as it was."""

from __future__ import annotations

import hashlib
import io
import json
import re
import wave
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from studio.api.artifacts import NewArtifact
from studio.base.settings import Settings
from studio.library.provenance import disclosure, side_file
from studio.library.provenance.disclosure import Disclosure
from studio.library.provenance.examination import Verdict, examine
from studio.library.provenance.exporter import Exported
from studio.library.provenance.statement import Source
from studio.library.rows import plain
from studio.protocol.errors import StudioError
from tests.unit.library.provenance.conftest import BESIDE, CARRIERS, PAYLOADS, Shelf

Export = Callable[..., Exported]
ALL = (*CARRIERS, *BESIDE)
LESS = (Disclosure.LABEL, Disclosure.NOTHING)


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB").tobytes()


def frames(data: bytes) -> bytes:
    with wave.open(io.BytesIO(data)) as file:
        return file.readframes(file.getnframes())


@pytest.mark.parametrize("choice", list(Disclosure))
@pytest.mark.parametrize("suffix", ALL)
def test_what_is_seen_and_heard_stays(suffix: str, choice: Disclosure, exported: Export) -> None:
    before, after = PAYLOADS[suffix][1](), exported(suffix, choice).path.read_bytes()
    if suffix == ".wav":
        assert frames(after) == frames(before)
    elif suffix in CARRIERS:
        assert pixels(after) == pixels(before)
    elif suffix != ".mid" or choice is Disclosure.FULL:
        assert after == before


def private_words(shelf: Shelf, suffix: str) -> set[str]:
    """Return each word of all that is known of a result, but what a label says of all."""
    artifact = shelf.library.artifact(shelf.ids[suffix])
    record = shelf.library.record(artifact.record)
    told = json.dumps([plain(artifact), plain(record), str(shelf.paths.home)])
    words = set(re.findall(r"[\w.-]{5,}", told.lower()))
    # In a signature and its digests, a few digits in a row stand by chance.
    words = {word for word in words if len(word) >= 8 or re.search(r"[^\da-f.-]", word)}
    own = {"true", "false", "null", "image", "audio", "score", "text", "code", "molecules", "meta"}
    fields = {"created", "title", "digest", "bytes", "suffix", "prompt", "record", "task", "plugin"}
    fields |= {"kind", "starred", "binned_at", "verdict", "preview", "params", "seed", "weights"}
    return words - own - fields - {"inputs", "versions", "device", "seconds", "conversation"}


def readings(data: bytes) -> list[bytes]:
    """Return the file as it lies, and the ways in which a text may hide in it."""
    found = [data, data.replace(b"\0", b"")]
    for match in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", data):
        try:
            found.append(zlib.decompressobj().decompress(data[match.start() :], 1 << 20))
        except zlib.error:
            continue
    return [each.lower() for each in found]


@pytest.mark.parametrize("choice", LESS)
@pytest.mark.parametrize("suffix", ALL)
def test_less_than_the_recipe_has_no_private_word(
    suffix: str, choice: Disclosure, exported: Export, shelf: Shelf
) -> None:
    made = exported(suffix, choice)
    files = [made.path, *([made.side] if made.side else [])]
    said = [found for file in files for found in readings(file.read_bytes())]
    said += [str(file.name).lower().encode() for file in files]
    words = private_words(shelf, suffix)
    assert {"elephant", "zanzibar", "josephine", "987654321", "toyshop", "grande"} <= words
    words -= {suffix, hashlib.sha256(made.path.read_bytes()).hexdigest()}  # who has it knows them
    assert [word for word in sorted(words) if any(word.encode() in text for text in said)] == []
    assert shelf.ids[suffix].lower().encode() not in b"".join(said), "an id tells the time"


@pytest.mark.parametrize("suffix", ALL)
def test_the_recipe_has_them(suffix: str, exported: Export) -> None:
    """The control: the search above finds what is there."""
    made = exported(suffix)
    said = b"".join(readings((made.side or made.path).read_bytes()))
    assert {word for word in (b"josephine", b"toyshop", b"grande") if word not in said} == set()


@pytest.mark.parametrize("suffix", ALL)
def test_a_label_says_that_a_model_made_it(suffix: str, exported: Export, shelf: Shelf) -> None:
    made = exported(suffix, Disclosure.LABEL)
    found = examine(made.path, shelf.ours)
    assert (found.verdict, found.source) == (Verdict.OURS, "trainedAlgorithmicMedia")
    assert found.program == "Offline Studio"
    assert found.statement is not None
    assert found.statement.recipe is None
    labels = (made.side or made.path).read_bytes()
    assert b"trainedAlgorithmicMedia" in labels
    assert (made.side is None) == (suffix in CARRIERS)


@pytest.mark.parametrize("suffix", ALL)
def test_nothing_leaves_no_trace(suffix: str, exported: Export, shelf: Shelf) -> None:
    made = exported(suffix, Disclosure.NOTHING)
    assert made.side is None
    assert examine(made.path, shelf.ours).verdict is Verdict.NONE
    assert b"studio" not in made.path.read_bytes().lower()


def test_what_was_edited_is_said_to_be(shelf: Shelf, tmp_path: Path) -> None:
    library, given = shelf.library, shelf.ids[".png"]
    record = library.add_record("toy.restyle", {})
    picture = NewArtifact("image", PAYLOADS[".jpg"][1](), suffix=".jpg", title="Restyled")
    made = library.add_artifact(picture, record=record.id, inputs=[given])
    by_hand = library.add_artifact(picture, inputs=[given])
    for each in (made, by_hand):
        path = shelf.exporter.to_folder(each.id, tmp_path, Disclosure.LABEL).path
        assert examine(path, shelf.ours).source == Source.EDITED


def test_what_no_model_had_a_part_in_is_not_labelled(shelf: Shelf, tmp_path: Path) -> None:
    photo = NewArtifact("image", PAYLOADS[".jpg"][1](), suffix=".jpg", title="A photo")
    saved = shelf.library.add_artifact(photo)
    assert not shelf.exporter.to_file(saved.id, tmp_path / "photo.jpg").is_made
    assert shelf.exporter.to_file(shelf.ids[".jpg"], tmp_path / "photo.jpg").is_made  # control
    for choice in Disclosure:
        path = shelf.exporter.to_folder(saved.id, tmp_path, choice).path
        assert examine(path, shelf.ours).verdict is Verdict.NONE
        is_told = b"Josephine" in path.read_bytes()
        assert is_told == (choice is Disclosure.FULL), "what a camera wrote leaves only with all"


def test_a_turned_photo_stays_turned(shelf: Shelf, tmp_path: Path) -> None:
    stream, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (8, 4)).save(stream, "JPEG", exif=exif)
    saved = shelf.library.add_artifact(NewArtifact("image", stream.getvalue(), suffix=".jpg"))
    path = shelf.exporter.to_folder(saved.id, tmp_path, Disclosure.LABEL).path
    with Image.open(path) as image:
        assert image.getexif()[0x0112] == 6


def test_music_keeps_its_times_without_what_was_told(exported: Export) -> None:
    after = exported(".mid", Disclosure.LABEL).path.read_bytes()
    notes = bytes([0x60, 0x90, 60, 64, 0x60, 0x90, 60, 0, 0, 0xFF, 0x05, 2]) + b"la"
    assert after.endswith(notes + bytes([0x20, 0x90, 62, 64, 0x60, 0x90, 62, 0, 0, 0xFF, 0x2F, 0]))


def test_a_long_recipe_goes_beside_the_file(shelf: Shelf, tmp_path: Path) -> None:
    record = shelf.library.add_record("toy.make", {"prompt": "ox " * 40_000})
    picture = NewArtifact("image", PAYLOADS[".jpg"][1](), suffix=".jpg", title="Long")
    saved = shelf.library.add_artifact(picture, record=record.id)
    made = shelf.exporter.to_folder(saved.id, tmp_path, Disclosure.FULL)
    assert made.side is not None
    assert examine(made.path, shelf.ours).verdict is Verdict.OURS


def test_a_file_that_is_replaced_takes_its_old_record_along(shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("older")
    side = shelf.exporter.to_file(shelf.ids[".txt"], path, Disclosure.LABEL).side
    assert side == side_file.beside(path)
    assert examine(path, shelf.ours).verdict is Verdict.OURS
    shelf.exporter.to_file(shelf.ids[".txt"], path, Disclosure.NOTHING)
    assert sorted(tmp_path.iterdir()) == [path]


def test_what_a_plugin_writes_is_dressed_too(shelf: Shelf, tmp_path: Path) -> None:
    """And when it fails, what was there stays, and nothing else is left."""
    path = tmp_path / "mine.webp"

    def write(target: Path) -> None:
        assert target.suffix == ".webp"
        target.write_bytes(PAYLOADS[".webp"][1]())

    shelf.exporter.to_file(shelf.ids[".png"], path, Disclosure.LABEL, write)
    assert examine(path, shelf.ours).verdict is Verdict.OURS
    before = path.read_bytes()

    def fail(target: Path) -> None:
        target.write_bytes(b"half")
        raise StudioError("BAD_INPUT", "It does not fit.")  # type: ignore[arg-type]

    with pytest.raises(StudioError, match="does not fit"):
        shelf.exporter.to_file(shelf.ids[".png"], path, Disclosure.LABEL, fail)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_damaged_file_is_not_exported_with_less_than_it_tells(
    shelf: Shelf, tmp_path: Path
) -> None:
    broken = PAYLOADS[".png"][1]()[:-40]
    saved = shelf.library.add_artifact(NewArtifact("image", broken, suffix=".png"))
    with pytest.raises(StudioError, match="is damaged"):
        shelf.exporter.to_folder(saved.id, tmp_path, Disclosure.NOTHING)
    assert list(tmp_path.iterdir()) == []


def test_the_choice_is_remembered(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")
    assert disclosure.chosen(settings) is Disclosure.FULL
    disclosure.choose(settings, Disclosure.LABEL)
    again: Any = Settings(tmp_path / "settings.json")
    assert disclosure.chosen(again) is Disclosure.LABEL
    again.set(disclosure.SETTING, "who knows")
    assert disclosure.chosen(again) is Disclosure.FULL


def test_the_source_is_what_took_part(shelf: Shelf, tmp_path: Path) -> None:
    library, model = shelf.library, {"admet": "ab" * 32}
    table = NewArtifact("table", b"a,b\n1,2\n", suffix=".csv", title="Table")
    drawn = shelf.ids[".png"]

    def source(task: str, *parents: str, **facts: Any) -> tuple[str, str]:
        facts = {"seconds": 1.0, **facts}
        record = library.add_record(task, {}, **facts)
        made = library.add_artifact(table, record=record.id, inputs=parents)
        path = shelf.exporter.to_folder(made.id, tmp_path, Disclosure.LABEL).path
        return made.id, examine(path, shelf.ours).source

    typed, computed = source("molecules.predict")
    assert computed == "algorithmicMedia"
    assert source("lab.describe")[1] == "algorithmicMedia"
    assert source("molecules.combine", typed)[1] == "algorithmicallyEnhanced"
    assert source("molecules.predict", weights=model)[1] == Source.GENERATED
    assert source("molecules.predict", drawn)[1] == Source.GENERATED, "a model drew the picture"
    generated, by_model = source("molecules.generate", weights=model)
    assert by_model == Source.GENERATED
    assert source("molecules.export", generated)[1] == Source.EDITED
    assert source("lab.augment")[1] == Source.GENERATED, "it trains a model of its own"
    assert source("molecules.predict", seconds=None)[1] == Source.GENERATED, "it did not end"


def test_what_was_computed_and_saved_again_by_hand_is_not_labelled(
    shelf: Shelf, tmp_path: Path
) -> None:
    record = shelf.library.add_record("molecules.predict", {}, seconds=1.0)
    table = NewArtifact("table", b"a,b\n1,2\n", suffix=".csv", title="Table")
    computed = shelf.library.add_artifact(table, record=record.id)
    by_hand = shelf.library.add_artifact(table, inputs=[computed.id])
    assert not shelf.exporter.to_file(by_hand.id, tmp_path / "table.csv").is_made
