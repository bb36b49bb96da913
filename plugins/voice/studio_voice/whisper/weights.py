"""Whisper as weights: the file of the package, or a folder as Hugging Face has it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from studio.api import Requirements, WeightsFacts
from studio.api.worker.tensor_files import damage_reported
from studio_voice.whisper import ctranslate2_file, folder
from studio_voice.whisper.alignment import Heads
from studio_voice.whisper.network import Sizes, Whisper
from studio_voice.whisper.tokens import Tokens

FAMILY: Final = "whisper"
CAPABILITY: Final = "speech-to-text"
SUFFIX: Final = ".whisper"
_WORKING_BYTES: Final = 400 * 2**20
_GROWTH: Final = 2
"""Bytes in memory for each of the file, which has half precision."""


@dataclass
class Transcriber:
    """The loaded network and its tokens.

    Attributes:
        heads: Those of the decoder that follow the sound; empty where nobody has said which.
    """

    network: Whisper
    tokens: Tokens
    heads: Heads = ()

    def to(self, device: str) -> None:
        """Move the network to ``device``."""
        self.network.to(device)


class WhisperLoader:
    """The ``Loader`` of the family ``whisper``."""

    family = FAMILY

    def recognise(self, path: Path) -> WeightsFacts | None:
        """Return facts about ``path``; None if it is not Whisper."""
        if path.is_dir():
            config = folder.config_of(path)
            if config is None:
                return None
            facts: Mapping[str, Any] = {"layers": config.get("decoder_layers")}
        elif ctranslate2_file.is_whisper(path):
            facts = {}
        else:
            return None
        return WeightsFacts(FAMILY, path.stem, (CAPABILITY,), facts)

    def measure(self, path: Path) -> Requirements:
        """Return the memory that the network takes in full precision."""
        files = path.glob("*.safetensors") if path.is_dir() else [path]
        return Requirements(_GROWTH * sum(file.stat().st_size for file in files), _WORKING_BYTES)

    def load(self, path: Path, device: str) -> Generator[float, None, Transcriber]:
        """Yield the share done; return the model.

        Raises:
            StudioError: The files are damaged, or something is missing.
        """
        with damage_reported(path):
            if path.is_dir():
                source = folder.opened(path)
                tokenizer, config = source.tokenizer, source.config
                state = yield from folder.read(source)
            else:
                contents = ctranslate2_file.contents(path)
                tokenizer, config = ctranslate2_file.texts(path, contents)
                config = {**config, "heads": ctranslate2_file.heads(path, contents)}
                state = yield from ctranslate2_file.read(path, contents)
            return _built(tokenizer, config, state, device)

    def park(self, loaded: Transcriber) -> None:
        """Move the model to the memory of the processor."""
        loaded.to("cpu")

    def unpark(self, loaded: Transcriber, device: str) -> None:
        """Move it back."""
        loaded.to(device)

    def unload(self, loaded: Transcriber) -> None:
        """Let go of all that the model holds."""
        loaded.to("meta")


def loader() -> WhisperLoader:
    """Return the loader of this family."""
    return WhisperLoader()


def _built(
    tokenizer: str, config: Mapping[str, Any], state: dict[str, Tensor], device: str
) -> Transcriber:
    from tokenizers import Tokenizer

    with torch.device("meta"):
        network = Whisper(_sizes(state, int(config["heads"])))
    network.load_state_dict(state, assign=True)
    tokens = Tokens(Tokenizer.from_str(tokenizer), config.get("suppress_ids") or ())
    heads = _heads(config.get("alignment_heads"), network)
    return Transcriber(network.to(device).eval().requires_grad_(False), tokens, heads)


def _heads(given: object, network: Whisper) -> Heads:
    """Return the heads that a config names, as far as there are such."""
    if not isinstance(given, list):
        return ()
    pairs = [tuple(pair) for pair in given if isinstance(pair, list) and len(pair) == 2]
    layers, heads = len(network.decoder), network.sizes.heads
    return [(a, b) for a, b in pairs if a in range(layers) and b in range(heads)]


def _sizes(state: Mapping[str, Tensor], heads: int) -> Sizes:
    """Return how large the network is whose tensors these are."""
    vocabulary, width = state["tokens.weight"].shape
    if heads < 1 or width % heads:
        raise ValueError(f"{heads} heads do not divide its width of {width}")
    ends = [name.partition(".")[0] for name in state if name.endswith("widen.bias")]
    return Sizes(
        width,
        heads,
        ends.count("encoder"),
        ends.count("decoder"),
        vocabulary,
        state["first.weight"].shape[1],
        len(state["places"]),
    )
