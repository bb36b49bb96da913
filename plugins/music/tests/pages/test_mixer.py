"""The mixer beside the roll, and the sampled instruments that are offered and played there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio_music.audio.synth import selection
from studio_music.pages.tracks.instrument_menu import instrument_menu, offer_fonts
from studio_music.score.piece import Mix


def test_reverb_and_compressor_are_edits_that_can_be_undone(composed: Any) -> None:
    panel, document = composed.page.piece_view.tracks, composed.document
    panel.mix.room.setValue(35)
    panel.mix.room.setValue(40)
    panel.mix.compression.setValue(60)
    panel.rows[1].reverb.setValue(90)
    panel.rows[1].compression.setValue(40)
    assert document.piece.mix == Mix(4.0, 0.6)
    assert [track.reverb for track in document.piece.tracks] == [0.3, 0.9, 0.3]
    assert [track.compression for track in document.piece.tracks] == [0.0, 0.4, 0.0]
    assert document.undo.count() == 4, "a slider that moves is one step"
    for _ in range(4):
        document.undo.undo()
    assert document.piece.mix == Mix()
    assert (panel.mix.room.value(), panel.mix.compression.value()) == (13, 0)
    assert panel.rows[1].reverb.value() == 30


def test_sampled_instruments_are_offered_only_where_they_are_missed(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    fonts = [("soundfont", "FluidR3Mono", 14_563_174)]
    monkeypatch.setattr(desk.ctx.weights, "to_get", lambda _for: fonts)
    monkeypatch.setattr(desk.ctx.weights, "get_set", shown.append)
    for why, last in (("None is installed.", "Download FluidR3Mono (15 MB)…"), ("", "Drums")):
        monkeypatch.setattr(selection, "why_no_soundfont", lambda why=why: why)
        menu = instrument_menu(desk.ctx.ui, None, lambda program, drums: None)
        offer_fonts(desk.ctx, menu)
        assert menu.actions()[-1].text() == last
        menu.actions()[-1].trigger()
        menu.close()
    assert shown == ["soundfont"]


def test_a_font_that_was_got_or_chosen_is_played_from_the_next_start_on(
    composed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    playing, ctx = composed.page.playing, composed.ctx
    taken: list[Path | None] = []
    monkeypatch.setattr(composed.player, "use_font", taken.append, raising=False)

    def start() -> None:
        playing.toggle()
        playing.stop()

    start()
    assert not taken, "the control: nothing was got"
    mine = [("best", "The best"), ("mine", "Mine")]
    monkeypatch.setattr(ctx.weights, "for_capability", lambda _for: mine)
    monkeypatch.setattr(ctx.weights, "path", lambda id: tmp_path / f"{id}.sf2")
    start()
    menu = instrument_menu(ctx.ui, None, lambda program, drums: None)
    offer_fonts(ctx, menu)
    choices = menu.actions()[-1].menu().actions()
    assert [(each.text(), each.isChecked()) for each in choices] == [
        ("The best", True),
        ("Mine", False),
    ]
    choices[1].trigger()
    menu.close()
    start()
    start()
    assert taken == [tmp_path / "best.sf2", tmp_path / "mine.sf2"]
