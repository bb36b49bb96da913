"""Puts weights, sizes and vocabulary of all-MiniLM-L6-v2 into one file, once, at set-up.

Run as ``python -m studio.runtime.engines.embedding.convert MODEL.safetensors CONFIG.json
SENTENCE_CONFIG.json VOCAB.txt TARGET``. Half precision moves no cosine by more than 0.001.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

from studio.runtime.engines.embedding.encoder import Encoder
from studio.runtime.engines.embedding.model_file import Description, config_from_json, save

TITLE = "All-MiniLM L6 v2"


def convert(model: Path, config: Path, sentences: Path, vocabulary: Path, target: Path) -> None:
    """Write ``target``; tensors that sentence vectors have no use of are left out.

    Raises:
        ValueError, RuntimeError: A file is not the expected one.
    """
    sizes = config_from_json(json.loads(config.read_text("utf-8")))
    words = tuple(vocabulary.read_text("utf-8").removesuffix("\n").split("\n"))
    longest = json.loads(sentences.read_text("utf-8"))["max_seq_length"]
    with torch.device("meta"):
        encoder = Encoder(sizes)
    wanted = encoder.state_dict().keys()
    tensors = {name: value for name, value in load_file(model).items() if name in wanted}
    encoder.load_state_dict(tensors, assign=True)
    save(target, Description(TITLE, sizes, longest, True, words), tensors)


if __name__ == "__main__":
    convert(*map(Path, sys.argv[1:]))
