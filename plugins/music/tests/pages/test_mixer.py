"""The mixer beside the roll, and the sampled instruments that are offered and played there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio_music.pages.tracks.instrument_menu import instrument_menu, offer_fonts
from studio_music.piece import Mix
from studio_music.sound.synth import selection


def test_reverb_and_compressor_are_edits_that_can_be_undone(composed: Any) -> None:
    panel, document = composed.page.piece_view.tracks, composed.document
    panel.mix.room.setValue(35)
    panel.mix.room.setValue(40)
    panel.mix.compression.setValue(60)
    panel.rows[1].reverb.setValue(90)
    assert document.piece.mix == Mix(4.0, 0.6)
    assert [track.reverb for track in document.piece.tracks] == [0.3, 0.9, 0.3]
    assert document.undo.count() == 3, "a slider that moves is one step"
    for _ in range(3):
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


def test_a_font_that_was_got_is_played_from_the_next_start_on(
    composed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "_offered", set())
    playing, weights = composed.page.playing, composed.ctx.weights
    looked: list[bool] = []
    monkeypatch.setattr(
        composed.player, "look_for_fonts", lambda: looked.append(True), raising=False
    )
    playing.toggle()
    playing.stop()
    assert not looked, "the control: nothing was got"
    monkeypatch.setattr(weights, "for_capability", lambda _for: [("fluidr3mono", "FluidR3Mono")])
    monkeypatch.setattr(weights, "path", lambda id: tmp_path / f"{id}.sf3")
    playing.toggle()
    playing.stop()
    playing.toggle()
    assert looked == [True]
    assert selection._offered == {tmp_path / "fluidr3mono.sf3"}
