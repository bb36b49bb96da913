"""What is handed in beside parameters: texts, plain data, arrays, and what none of them is."""

from __future__ import annotations

import numpy as np
import pytest

from studio.api import BadInput, Inputs
from studio.api.inputs import packed


def test_texts_and_plain_data_come_out_as_they_went_in() -> None:
    turns = [{"role": "user", "content": "Wörter"}]
    inputs = Inputs({"turns": turns, "note": "höher", "raw": b"\0"})
    assert inputs.json("turns", list[dict[str, str]], []) == turns
    assert inputs.text("note") == "höher"
    assert inputs["raw"] == b"\0"
    assert set(inputs) == {"turns", "note", "raw"}
    assert len(inputs) == 3


def test_what_was_not_handed_in_has_a_default() -> None:
    inputs = Inputs({})
    assert inputs.json("turns", list[str], ["none"]) == ["none"]
    assert inputs.text("note", "nothing") == "nothing"
    assert "note" not in inputs


def test_arrays_stay_what_they_are() -> None:
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert Inputs({"picture": picture})["picture"] is picture


@pytest.mark.parametrize("given", [b"{not json", b"[1]", b"\xff", b"[" * 100_000])
def test_what_is_not_of_the_form_is_a_sentence(given: bytes) -> None:
    with pytest.raises(BadInput, match="The input “turns” has the wrong form"):
        Inputs({"turns": given}).json("turns", list[dict[str, str]], [])


def test_what_is_no_text_is_a_sentence() -> None:
    with pytest.raises(BadInput, match="The input “note” is not text"):
        Inputs({"note": b"\xff\xfe"}).text("note")


def test_half_a_surrogate_pair_travels_as_a_question_mark() -> None:
    assert packed("a\ud800b") == b"a?b"
