"""Builds the CLIP tokenizer of a folder, or the usual one, from its merges. Asks no hub."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

from studio.api import read_regular
from studio.api.worker.config_files import broken, read_json
from studio_image.diffusion.folder import MAX_VOCABULARY_BYTES
from studio_image.diffusion.model_spec import LENGTH, Vocabulary

Merges = list[tuple[str, str]]


def tokenizer(vocabulary: Vocabulary) -> Any:
    """Return a ``CLIPTokenizer``.

    Raises:
        StudioError: The files of the folder cannot be used.
    """
    from transformers import CLIPTokenizer

    folder = vocabulary.folder
    words, merges = _usual() if folder is None else _of_folder(folder)
    if vocabulary.pad not in words:
        raise broken(str(folder), f"its padding “{vocabulary.pad[:20]}” is not one of its tokens")
    return CLIPTokenizer(
        vocab=words,
        merges=merges,  # transformers 5 names strings, and takes pairs
        pad_token=vocabulary.pad,
        model_max_length=LENGTH,
    )


def _usual() -> tuple[dict[str, int], Merges]:
    """Return the vocabulary that all Stable Diffusion weights share: bytes, ends, merges."""
    packed = (Path(__file__).parent / "clip-merges.txt.gz").read_bytes()
    merges = _pairs(gzip.decompress(packed).decode().splitlines())
    letters = _byte_letters()
    words = [*letters, *(letter + "</w>" for letter in letters), *(a + b for a, b in merges)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    return {word: number for number, word in enumerate(words)}, merges


def _byte_letters() -> list[str]:
    """Return the letter for each byte: itself where it prints, else one from U+0100 on.

    The order, printing bytes first, is the one byte-level vocabularies number them in (GPT-2).
    """
    printing = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = 256 - len(printing)
    return [chr(byte) for byte in printing] + [chr(256 + n) for n in range(others)]


def _of_folder(folder: Path) -> tuple[dict[str, int], Merges]:
    where = f"{folder.parent.name}/{folder.name}"
    if (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
        words: Any = read_json(folder / "vocab.json", MAX_VOCABULARY_BYTES)
        lines: Any = read_regular(folder / "merges.txt").decode("utf-8").splitlines()
        merges = _pairs([line for line in lines if not line.startswith("#version")])
    else:
        model = read_json(folder / "tokenizer.json", MAX_VOCABULARY_BYTES).get("model")
        if not isinstance(model, dict) or not isinstance(model.get("merges"), list):
            raise broken(where, "its tokenizer.json has no merges")
        words = model.get("vocab")
        merges = _pairs([m if isinstance(m, str) else " ".join(m) for m in model["merges"]])
    if not isinstance(words, dict) or not all(type(number) is int for number in words.values()):
        raise broken(where, "its vocabulary is not a table of numbers")
    unknown = [pair for pair in merges if not {*pair, "".join(pair)} <= words.keys()]
    if unknown:
        raise broken(where, f"its merge {unknown[0]} makes no token of its vocabulary")
    return words, merges


def _pairs(lines: list[str]) -> Merges:
    pairs = [tuple(line.split(" ")) for line in lines if line]
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2]
