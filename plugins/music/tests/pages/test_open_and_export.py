"""Scores are opened, exported, rendered, dragged out and sent on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from studio.api import JobRequest
from studio.api.artifacts import NewArtifact
from studio.testing.scripted import Artifact, Result, Step
from studio_music.score.formats import read, write
from studio_music.score.piece import TICKS, Note

KEY, HELD = Qt.Key, Qt.KeyboardModifier


def test_a_dropped_file_is_opened_with_its_remarks(
    desk: Any, made: Any, tune: Any, tmp_path: Path
) -> None:
    file = tmp_path / "dropped.abc"
    file.write_text("X:1")
    remark = "Grace notes were left out."
    desk.runtime.enqueue(made(tune("Dropped")), Result(remarks=[remark], note=remark))
    assert desk.drop([file, tmp_path / "x.txt"])
    desk.until(lambda: desk.piece.title == "Dropped")
    assert desk.runtime.submitted[-1].params["file"] == str(file)
    desk.until(lambda: any(remark in n.message for n in desk.studio.notices.all))


def test_a_dropped_recording_is_written_down(
    desk: Any, made: Any, tune: Any, tmp_path: Path
) -> None:
    file = tmp_path / "hummed.wav"
    file.write_bytes(b"RIFF")
    desk.runtime.enqueue(made(tune("Hummed")), Result(melody=True))
    assert desk.drop([file])
    desk.until(lambda: desk.piece.title == "Hummed")
    asked = desk.runtime.submitted[-1]
    assert (asked.task, asked.params["sound"]) == ("music.transcribe", str(file))


@pytest.mark.parametrize("suffix", [".mid", ".musicxml", ".abc"])
def test_scores_are_exported_as_they_are_now(composed: Any, tmp_path: Path, suffix: str) -> None:
    desk = composed
    desk.click(desk.at(100, 62))
    desk.key(KEY.Key_Up)
    desk.target = tmp_path / f"out{suffix}"
    desk.page.piece_actions.export(suffix)
    desk.until(lambda: desk.target.exists())
    desk.until(desk.target.with_name(f"out{suffix}.provenance.json").exists)
    opened = read(desk.target.read_bytes(), suffix)
    assert [n.pitch for n in opened.piece.tracks[0].notes][:2] == [63, 63]


@pytest.mark.parametrize(("suffix", "start"), [(".svg", b"<svg"), (".pdf", b"%PDF")])
def test_the_score_is_exported_as_a_picture(
    composed: Any, tmp_path: Path, suffix: str, start: bytes
) -> None:
    desk = composed
    desk.target = tmp_path / f"out{suffix}"
    desk.page.piece_actions.export(suffix)
    desk.until(lambda: desk.target.exists() or desk.trouble() != "")
    assert desk.trouble() == ""
    assert desk.target.read_bytes().startswith(start)


def test_sound_is_rendered_by_the_runtime_and_put_where_it_is_wanted(
    composed: Any, tmp_path: Path
) -> None:
    desk = composed
    desk.runtime.enqueue(Step(1, 2), Artifact("audio", b"RIFFsound", ".wav"), Result())
    desk.target, said = tmp_path / "out.wav", desk.listen()
    desk.page.piece_actions.export(".wav")
    desk.until(lambda: "Exported as out.wav." in " ".join(said))
    assert desk.trouble() == "", "the number of bytes is no error"
    assert desk.target.read_bytes() == b"RIFFsound"
    sent = desk.runtime.submitted[-1]
    assert (sent.task, sent.params["format"]) == ("music.render", "wav")
    assert len(desk.results()) == 1
    [sound] = desk.studio.library.search.find("kind:audio")
    assert desk.studio.library.inputs(sound.id) == [desk.page.document.source]


def test_sound_that_another_session_wanted_is_put_where_it_wanted_it(
    desk: Any, tmp_path: Path
) -> None:
    wanted = tmp_path / "wanted.wav"
    desk.runtime.enqueue(Artifact("audio", b"RIFFsound", ".wav"), Result())
    kept = JobRequest("music.render", {"format": "wav"}, page="music", target=str(wanted))
    desk.studio.submit(kept)
    desk.until(wanted.exists)
    assert wanted.read_bytes() == b"RIFFsound"


def test_a_refusing_disk_is_told(composed: Any, tmp_path: Path) -> None:
    desk = composed
    desk.target = tmp_path / "no such folder" / "out.mid"
    desk.page.piece_actions.export(".mid")
    desk.until(lambda: "does not exist" in desk.trouble())


def test_a_take_is_dragged_out_under_its_name(composed: Any) -> None:
    desk = composed
    item = desk.page.takes.widget.item(0)
    url = desk.page.takes.widget.mimeData([item]).urls()[0]
    path = Path(url.toLocalFile())
    assert path.name == "Calm tune.mid"
    assert read(path.read_bytes()).piece == desk.piece


def test_sending_hands_over_what_was_edited(composed: Any) -> None:
    desk = composed
    desk.click(desk.at(100, 62))
    desk.key(KEY.Key_Delete)
    desk.page.piece_actions.send(1)
    desk.until(lambda: bool(desk.sent))
    page, artifact = desk.sent[0]
    assert page == "chat"
    assert artifact.title == "Calm tune (edited)"


def test_a_score_of_the_gallery_is_taken(desk: Any, tune: Any) -> None:
    added = desk.ctx.library.add(
        NewArtifact("score", write(tune("From outside"), ".mid"), suffix=".mid")
    )
    desk.whole.accept(added)
    desk.until(lambda: desk.piece.title == "From outside")
    broken = desk.ctx.library.add(NewArtifact("score", b"nonsense", suffix=".mid", title="Broken"))
    desk.whole.accept(broken)
    desk.until(lambda: "cannot be read as a score" in desk.trouble())
    assert desk.piece.title == "From outside"


def test_a_new_piece_is_written_note_by_note(desk: Any) -> None:
    desk.page.imports.write_new()
    desk.until(lambda: not desk.document.empty)
    desk.key(KEY.Key_Return)
    desk.key(KEY.Key_Return)
    assert desk.melody == (Note(0, 60, TICKS, 80), Note(TICKS, 60, TICKS, 80))
    assert desk.page.saving.settled or desk.document.dirty
