"""The models that are recommended: each is whole, and none is named twice."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from studio.models.download.recommended import best_first, shelf


def test_each_says_what_it_is_for_its_size_and_its_licence() -> None:
    rows = shelf().model
    assert len(rows) >= 20
    assert {row.task for row in rows} == {"chat", "code", "pictures", "additions", "search"}
    assert len({row.repository for row in rows}) == len(rows)
    for row in rows:
        assert row.licence
        assert re.fullmatch(r"[A-Z].*\.", row.summary)
        assert row.memory > row.bytes
        assert row.address.repository == row.repository
    chat = [row for row in rows if row.task == "chat"]
    assert [row.bytes for row in chat] == sorted(row.bytes for row in chat)


def test_a_list_with_anything_else_in_it_is_none(tmp_path: Path) -> None:
    file = tmp_path / "recommended.toml"
    whole = (
        "checked = 2026-12-03\n"
        '[[model]]\ntask = "chat"\ntitle = "A"\nrepository = "a/b"\nbytes = 1\n'
        'licence = "MIT"\nsummary = "S."\n'
    )
    file.write_text(whole)
    assert len(shelf(file).model) == 1, "the control"
    for wrong in ('url = "http://x"\n', "file = 3\n"):
        file.write_text(whole + wrong)
        with pytest.raises(msgspec.ValidationError):
            shelf(file)
    file.write_text(whole.replace("a/b", "a/../b"))
    with pytest.raises(msgspec.ValidationError):
        shelf(file)


def test_what_runs_well_comes_first_the_best_of_it_on_top() -> None:
    def order(memory: float) -> list[str]:
        return [row.title for row in best_first(shelf().model, int(memory))]

    small, middle, large = order(2e9), order(7e9), order(30e9)
    assert small[0] == "SmolLM2 360M Instruct"
    assert middle[0] == "Qwen2.5 1.5B Instruct"
    assert large[0] == "Qwen3 8B"
    for memory, titles in ((2e9, small), (7e9, middle), (30e9, large)):
        sizes = {row.title: row for row in shelf().model}
        fits = [sizes[title].memory <= memory for title in titles]
        assert fits == sorted(fits, reverse=True)
