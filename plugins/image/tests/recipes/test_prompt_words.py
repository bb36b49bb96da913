"""Weights of words and choices in prompts."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.api import BadInput
from studio.testing.growth import repeated, traps
from studio_image.diffusion.prompt_words import chosen, explicit, filled, weighed, wildcards
from studio_image.schema import Generate


@pytest.mark.parametrize(
    ("prompt", "pieces"),
    [
        ("", []),
        ("an (old:1.3) boat", [("an ", 1.0), ("old", 1.3), (" boat", 1.0)]),
        ("((a:1.5) b:2)", [("a", 3.0), (" b", 2.0)]),
        ("(plain) boat", [("(plain) boat", 1.0)]),
        ("a photo in (16:9), (12:30)", [("a photo in (16:9), (12:30)", 1.0)]),
        (r"a \(b:2\)", [("a (b:2)", 1.0)]),
        ("(never closed:1.2", [("(never closed:1.2", 1.0)]),
        ("closed) (twice:1.2))", [("closed) ", 1.0), ("twice", 1.2), (")", 1.0)]),
        ("(a:4) (((b:4):4):4)", [("a", 4.0), (" ", 1.0), ("b", 4.0)]),
    ],
)
def test_weights(prompt: str, pieces: list[tuple[str, float]]) -> None:
    assert weighed(prompt) == pieces


def test_choices_are_the_same_for_the_same_seed() -> None:
    prompt = "a {red|{light|dark} blue} {fox} on {sand|snow}"
    drawn = {chosen(prompt, seed) for seed in range(40)}
    assert drawn == {
        f"a {colour} {{fox}} on {ground}"
        for colour in ("red", "light blue", "dark blue")
        for ground in ("sand", "snow")
    }
    assert chosen(prompt, 7) == chosen(prompt, 7)
    assert chosen("{a|b} \\1 {c", 1)[1:] == " \\1 {c"


def test_lines_of_a_list_take_the_place_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "animal.txt").write_text("# of the sea\n\na crab\na __size__ whale\n", "utf-8")
    (tmp_path / "size.txt").write_text("small\nhuge", "utf-8")
    drawn = {filled("__animal__ and _x_", tmp_path, seed) for seed in range(40)}
    assert drawn == {f"{what} and _x_" for what in ("a crab", "a small whale", "a huge whale")}
    assert len({filled("__animal__", tmp_path, 5) for _ in range(9)}) == 1
    assert wildcards("__ __a/b_c__ ____ __../x__") == ["a/b_c"]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (None, "There are: other"),
        (b"", "no lines"),
        (b"\xff\xfe", "not a text"),
        (b"x" * 5000, "more than 4,000"),
        (b"x\n" * (1 << 20), "larger than 1 MiB"),
        (b"__bad__ __bad__ __bad__" + b"!" * 900, "too long"),
    ],
)
def test_a_list_that_cannot_be_used_is_told(tmp_path: Path, data: bytes | None, why: str) -> None:
    (tmp_path / "other.txt").write_text("a", "utf-8")
    if data is not None:
        (tmp_path / "bad.txt").write_bytes(data)
    with pytest.raises(BadInput) as caught:
        filled("a __bad__ thing", tmp_path, 1)
    assert why in f"{caught.value.message} {caught.value.hint}"


def test_no_prompt_takes_more_than_linear_work() -> None:
    units = ["__a", "__", "_a-", "(", ")", "{a|", "}", "(a:1.1)", "\\", ":1.2)", "{|}", "["]
    texts = [repeated(unit, head) for unit in units for head in ("", "(", "{a|b", "((((")]
    for read in (weighed, explicit, wildcards, lambda text: chosen(text, 1)):
        assert traps(read, texts) == []


def test_strengths_that_fit_no_lora_are_refused() -> None:
    asked = {"prompt": "a fox", "loras": ["a", "b"]}
    pairs = Generate.parse(asked | {"lora_strengths": [0.5]}).lora_pairs()
    assert pairs == [("a", 0.5), ("b", 1.0)]
    for strengths, why in (([1, 1, 1], "3 strengths"), ([9], "between -4 and 4"), (["nan"], "4;")):
        with pytest.raises(BadInput, match=why):
            Generate.parse(asked | {"lora_strengths": strengths})
    with pytest.raises(BadInput, match="the limit is 16"):
        Generate.parse({"prompt": "a fox", "loras": ["a"] * 17})
