"""What a model reads that fills a gap: by its own control tokens, nearest parts first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.protocol.errors import ErrorCode, StudioError
from studio.runtime.engines.text.formats.model_folder import ModelFolder
from studio.runtime.engines.text.tokenization.fill_in_middle import can_infill, fill_in_middle_ids
from studio.runtime.engines.text.tokenization.tokenizer import TextTokenizer
from studio.runtime.engines.text.tokenization.tokenizer_folder import tokenizer_from_folder
from tests.runtime.engines import tiny_models

FAMILIES = {
    "qwen": ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|file_sep|>"],
    "starcoder": ["<fim_prefix>", "<fim_suffix>", "<fim_middle>"],
    "deepseek": ["<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"],
    "codestral": ["[PREFIX]", "[SUFFIX]"],
}


def tokenizer(folder: Path, *more: str) -> TextTokenizer:
    tiny_models.byte_tokenizer(folder, more=more)
    return tokenizer_from_folder(ModelFolder(folder), rows=300)


def spelt(pieces: TextTokenizer, ids: list[int]) -> list[str]:
    return [pieces.vocabulary.tokens[id] for id in ids]


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_has_its_own_tokens_and_order(tmp_path: Path, family: str) -> None:
    marks = FAMILIES[family]
    pieces = tokenizer(tmp_path, *marks)
    found = spelt(pieces, fill_in_middle_ids(pieces, "ab", "yz", 100))
    if family == "codestral":
        assert found == ["[SUFFIX]", "y", "z", "[PREFIX]", "a", "b"]
    else:
        assert found == [marks[0], "a", "b", marks[1], "y", "z", marks[2]]


def test_the_tokenizer_of_starcoder_is_read_and_its_gap_has_an_end(tmp_path: Path) -> None:
    """Its files, made small: digits one by one, and no token of a beginning."""
    marks = ["<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<fim_pad>", "<file_sep>"]
    tiny_models.byte_tokenizer(tmp_path, more=marks)
    path = tmp_path / "tokenizer.json"
    rules = json.loads(path.read_text("utf-8"))
    rules["pre_tokenizer"] = {
        "type": "Sequence",
        "pretokenizers": [
            {"type": "Digits", "individual_digits": True},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
             "use_regex": True},
        ],
    }  # fmt: skip
    path.write_text(json.dumps(rules), "utf-8")
    ends = {"eos_token": "<|endoftext|>", "bos_token": "<|endoftext|>"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(ends), "utf-8")
    pieces = tokenizer_from_folder(ModelFolder(tmp_path), rows=300)
    found = spelt(pieces, fill_in_middle_ids(pieces, "he1", "<fim_pad>", 100))
    assert found[:4] == ["<fim_prefix>", "he", "1", "<fim_suffix>"]
    assert found[4:] == [*"<fim_pad>", "<fim_middle>"], "what a file says is text"
    stops = {pieces.vocabulary.tokens[id] for id in pieces.vocabulary.ends}
    assert {"<|endoftext|>", "<fim_pad>", "<file_sep>"} <= stops


def test_what_does_not_fit_is_left_out_far_from_the_gap(tmp_path: Path) -> None:
    pieces = tokenizer(tmp_path, *FAMILIES["starcoder"])
    found = spelt(pieces, fill_in_middle_ids(pieces, "a" * 50 + "XY", "ZW" + "b" * 50, 20))
    assert len(found) <= 20
    assert found[found.index("<fim_suffix>") - 2 :][:5] == ["X", "Y", "<fim_suffix>", "Z", "W"]
    short = spelt(pieces, fill_in_middle_ids(pieces, "XY", "b" * 50, 20))
    assert short[:3] == ["<fim_prefix>", "X", "Y"]
    assert len(short) >= 18, "what one text does not need the other gets"


def test_another_file_ends_the_gap_and_other_models_refuse(tmp_path: Path) -> None:
    pieces = tokenizer(tmp_path, *FAMILIES["qwen"])
    ends = {pieces.vocabulary.tokens[id] for id in pieces.vocabulary.ends}
    assert {"<|im_end|>", "<|file_sep|>"} <= ends
    plain = tokenizer(tmp_path)
    assert (can_infill(pieces), can_infill(plain)) == (True, False)
    with pytest.raises(StudioError, match="fill in the middle") as caught:
        fill_in_middle_ids(plain, "a", "b", 100)
    assert caught.value.code is ErrorCode.UNSUPPORTED
