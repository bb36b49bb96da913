"""Whisper without training, for tests: a folder, a file of CTranslate2, and one with a script."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor, nn

from studio_voice.speech.detector import SHAPES, SpeechDetector
from studio_voice.speech.weights import Detector
from studio_voice.whisper.network import Cache, Sizes
from studio_voice.whisper.tokens import Tokens
from studio_voice.whisper.weights import Transcriber

WIDTH, HEADS, LAYERS = 16, 2, 2
_SPECIAL = (
    "<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|de|>", "<|translate|>",
    "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>",
)  # fmt: skip


def tokenizer() -> Tokenizer:
    """One token a byte, Whisper's own behind them, and 1501 times."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({letter: at for at, letter in enumerate(letters)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_tokens([AddedToken(name, special=True) for name in _SPECIAL])
    made.add_tokens([AddedToken(f"<|{at / 50:.2f}|>") for at in range(1501)])
    return made


def folder(path: Path) -> Path:
    """Write a network with random weights as Hugging Face does."""
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    words = tokenizer()
    config = WhisperConfig(
        vocab_size=words.get_vocab_size(),
        d_model=WIDTH,
        encoder_layers=LAYERS,
        decoder_layers=LAYERS,
        encoder_attention_heads=HEADS,
        decoder_attention_heads=HEADS,
        encoder_ffn_dim=4 * WIDTH,
        decoder_ffn_dim=4 * WIDTH,
        pad_token_id=256,
        bos_token_id=256,
        eos_token_id=256,
        decoder_start_token_id=257,
        suppress_tokens=[1, 2],
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = WhisperForConditionalGeneration(config)
        for parameter in network.parameters():
            nn.init.normal_(parameter, std=0.2)
    network.save_pretrained(path)
    words.save(str(path / "tokenizer.json"))
    return path


def ctranslate2(path: Path, state: Mapping[str, Tensor]) -> Path:
    """Write the tensors of our network as a package has them."""
    theirs = {"first": "encoder/conv1", "second": "encoder/conv2", "times": "", "places": ""}
    parts = {
        "own_norm": "self_attention/layer_norm", "own.inputs": "self_attention/linear_0",
        "own.output": "self_attention/linear_1", "memory_norm": "attention/layer_norm",
        "memory.query": "attention/linear_0", "memory.memory": "attention/linear_1",
        "memory.output": "attention/linear_2", "norm": "ffn/layer_norm", "widen": "ffn/linear_0",
        "narrow": "ffn/linear_1",
    }  # fmt: skip

    def name(own: str) -> str:
        if own in ("times", "places"):
            side = "encoder" if own == "times" else "decoder"
            return f"{side}/position_encodings/encodings"
        if own == "tokens.weight":
            return "decoder/embeddings/weight"
        whole, _, end = own.rpartition(".")
        if "norm" in whole:
            end = {"weight": "gamma", "bias": "beta"}[end]
        if whole in theirs:
            return f"{theirs[whole]}/{end}"
        if whole in ("encoder_norm", "decoder_norm"):
            return f"{whole.removesuffix('_norm')}/layer_norm/{end}"
        side, number, part = whole.split(".", 2)
        return f"{side}/layer_{number}/{parts[part]}/{end}"

    arrays = {name(own): value.half().numpy() for own, value in state.items()}
    arrays["encoder/num_heads"] = np.array(HEADS, np.int16)
    data = struct.pack("<I", 6) + _text("WhisperSpec") + struct.pack("<II", 3, len(arrays))
    for key, array in arrays.items():
        kind = 2 if array.dtype == np.int16 else 4
        data += _text(key) + struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
        data += struct.pack("<BI", kind, array.nbytes) + array.tobytes()
    data += struct.pack("<I", 1)
    data += _text("decoder/projection/weight") + _text("decoder/embeddings/weight")
    config = json.dumps({"suppress_ids": [1, 2]})
    path.write_bytes(data + tokenizer().to_str().encode() + config.encode())
    return path


def _text(words: str) -> bytes:
    return struct.pack("<H", len(words) + 1) + words.encode() + b"\0"


class Scripted(nn.Module):
    """Writes the tokens it was told to, window after window; hears nothing.

    ``scripts`` are taken in turn as windows are encoded. ``silence`` is how surely it hears none,
    ``again`` what it writes when it is asked once more.
    """

    sizes = Sizes(4, 1, 1, 1, 256 + len(_SPECIAL) + 1501)

    def __init__(
        self,
        scripts: Sequence[Sequence[int]],
        *,
        silence: float = 0.0,
        again: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.scripts, self.silence, self.again = scripts, silence, again
        self.tries = 0
        self.windows = 0
        self.weight = nn.Parameter(torch.zeros(1))

    def encode(self, spectrogram: Tensor) -> Tensor:
        number = self.windows % len(self.scripts)
        self.windows += len(spectrogram)
        return torch.full((1, 1, 4), float(number))

    def remember(self, sound: Tensor) -> Cache:
        self.tries += 1
        keys = sound[:, None]
        return Cache(self.sizes, [(keys, keys)])

    def read(self, tokens: Tensor, cache: Cache) -> Tensor:
        logits = torch.zeros(*tokens.shape, self.sizes.vocabulary)
        start, quiet = 257, 264
        for row in range(len(tokens)):
            told = self.scripts[int(cache.memory[0][0][row, 0, 0, 0])]
            script = [*(told if self.tries == 1 or self.again is None else self.again), 256]
            if cache.length == 0:
                self.begun = tokens.shape[1]
            for place in range(tokens.shape[1]):
                at = cache.length + place - self.begun + 1
                if tokens[row, place] == start:
                    logits[row, place, quiet] = 30 * self.silence
                    logits[row, place, 258] += 1  # English
                if at >= 0:
                    logits[row, place, script[min(at, len(script) - 1)]] = 12 * (1 - self.silence)
        cache.length += tokens.shape[1]
        return logits

    def attend(self, tokens: Tensor, cache: Cache, heads: Sequence[tuple[int, int]]) -> Tensor:
        """Look at a fifth of a second for each token, one behind the other."""
        self.tries -= 1  # it is no try
        seen = torch.zeros(len(heads), tokens.shape[1], 1500)
        for place in range(tokens.shape[1]):
            seen[:, place, 10 * place : 10 * place + 10] = 1.0
        return seen


def script(start: float, text: str, end: float) -> list[int]:
    """The tokens of a phrase."""
    words = tokenizer()
    first = words.token_to_id("<|0.00|>")
    return [first + round(50 * start), *words.encode(text).ids, first + round(50 * end)]


def scripted(scripts: Sequence[Sequence[int]], **how: Any) -> Transcriber:
    """A loaded model that writes ``scripts``."""
    network: Any = Scripted(scripts, **how)
    return Transcriber(network, Tokens(tokenizer(), ()), [(0, 0)])


def detector(bias: float = 9.0) -> Detector:
    """A detector that hears speech in everything; with a low bias, in nothing."""
    tensors = {name: np.zeros(shape, np.float32) for name, shape in SHAPES.items()}
    tensors["final_conv.bias"][:] = bias
    return Detector(SpeechDetector(tensors))
