"""MusicXML scores as pieces: which parts there are, what plays them, and the bars of each."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element, SubElement

from studio.api import BadInput
from studio_music.score.formats.musicxml.bars import PartReader
from studio_music.score.formats.musicxml.xml_files import number, tree
from studio_music.score.formats.notated_score import Score, WrittenPart
from studio_music.score.formats.read_result import ReadResult, once
from studio_music.score.piece import MAX_NOTES, Track, checked

_DRUM_CHANNEL: Final = 10


def read(data: bytes) -> ReadResult:
    """Return the piece of a MusicXML file, plain or zipped.

    Raises:
        BadInput: It is no such file, has no notes, or holds more than a piece may.
    """
    root = tree(data)
    if root.tag == "score-timewise":
        root = _partwise(root)
    count = sum(1 for _ in root.iter("note"))
    if count > 4 * MAX_NOTES:
        raise BadInput(f"This score has {count:,} notes and rests.", f"The limit is {MAX_NOTES:,}.")
    remarks: list[str] = []
    heads = {head.get("id"): head for head in root.iter("score-part")}
    parts = [
        _part(part, heads.get(part.get("id"), Element("score-part")), at, remarks)
        for at, part in enumerate(root.findall("part"), 1)
    ]
    piece = Score(_title(root), parts, remarks).piece()
    return ReadResult(checked(piece), once(remarks))


def _partwise(root: Element) -> Element:
    """Return a score that was ordered by bars ordered by parts."""
    score = Element("score-partwise")
    parts: dict[str, Element] = {}
    for child in root:
        if child.tag != "measure":
            score.append(child)
            continue
        for part in child.findall("part"):
            name = part.get("id", "")
            if name not in parts:
                parts[name] = SubElement(score, "part", {"id": name})
            SubElement(parts[name], "measure", child.attrib).extend(part)
    return score


def _title(root: Element) -> str:
    for path in ("work/work-title", "movement-title", "credit/credit-words"):
        if words := " ".join(root.findtext(path, "").split()):
            return words[:200]
    return "Untitled"


def _part(part: Element, head: Element, at: int, remarks: list[str]) -> WrittenPart:
    """Read a part; ``head`` is its entry in the part list."""
    instruments = head.findall("midi-instrument")
    drums = {
        instrument.get("id", ""): int(number(instrument, "midi-unpitched", 0)) - 1
        for instrument in instruments
        if 1 <= number(instrument, "midi-unpitched", 0) <= 128
    }
    reader = PartReader(drums, remarks)
    bars = [reader.read(measure) for measure in part.findall("measure")]
    midi = instruments[0] if instruments else Element("midi-instrument")
    volume, pan = number(midi, "volume", 80) / 100, number(midi, "pan", 0) / 90
    track = Track(
        name=" ".join(head.findtext("part-name", "").split())[:80] or f"Part {at}",
        program=int(min(127, max(0, number(midi, "midi-program", 1) - 1))),
        drums=reader.is_percussion or number(midi, "midi-channel", 1) == _DRUM_CHANNEL,
        volume=min(1.0, max(0.0, volume)),
        pan=min(1.0, max(-1.0, pan)),
    )
    return WrittenPart(track, bars, reader.has_velocities)
