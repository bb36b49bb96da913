"""Tiny random models that see, of each kind, made on the spot as model folders. Tests nothing."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image

from tests.runtime.engines import tiny_models

MORE = (
    "<image>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>",
    "<start_of_image>", "<end_of_image>", "<image_soft_token>", "<fake_token_around_image>",
    "<global-img>", "<row_1_col_1>", "<row_1_col_2>", "<row_2_col_1>", "<row_2_col_2>",
    "<end_of_utterance>",
)  # fmt: skip
_VISION = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "patch_size": 14,
}


class Kind(NamedTuple):
    """What a folder of one kind says beside its weights.

    Attributes:
        config: Beside the text part of config.json; names of tokens stand for their ids.
        text: Of its text part.
        shown: What the chat template writes in the place of a picture.
        pictures, processor, tokens: Of preprocessor_config.json, processor_config.json and
            tokenizer_config.json.
    """

    config: Mapping[str, Any]
    shown: str
    pictures: Mapping[str, Any]
    processor: Mapping[str, Any]
    text: Mapping[str, Any] = {}
    tokens: Mapping[str, str] = {}


KINDS = {
    "llava": Kind(
        {"vision_config": {"model_type": "clip_vision_model", **_VISION, "image_size": 28},
         "image_token_index": "<image>"},
        "<image>",
        {"size": {"shortest_edge": 28}, "crop_size": {"height": 28, "width": 28}},
        {"patch_size": 14, "vision_feature_select_strategy": "default",
         "num_additional_image_tokens": 1},
        {"model_type": "llama"},
    ),
    "qwen2_vl": Kind(
        {"vision_config": {"depth": 2, "embed_dim": 32, "hidden_size": 64, "num_heads": 4,
                           "mlp_ratio": 2, "patch_size": 14},
         "image_token_id": "<|image_pad|>", "video_token_id": "<|video_pad|>",
         "vision_start_token_id": "<|vision_start|>", "vision_end_token_id": "<|vision_end|>"},
        "<|vision_start|><|image_pad|><|vision_end|>",
        {"min_pixels": 784, "max_pixels": 6272, "patch_size": 14, "merge_size": 2,
         "temporal_patch_size": 2},
        {},
        {"rope_scaling": {"type": "mrope", "mrope_section": [2, 3, 3]}},
    ),
    "gemma3": Kind(
        {"vision_config": {**_VISION, "image_size": 56}, "mm_tokens_per_image": 4,
         "image_token_index": "<image_soft_token>", "boi_token_index": "<start_of_image>",
         "eoi_token_index": "<end_of_image>"},
        "<start_of_image>",
        {"size": {"height": 56, "width": 56}, "do_pan_and_scan": False},
        {"image_seq_length": 4},
        {"head_dim": 16, "sliding_window": 16},
        {"image_token": "<image_soft_token>", "boi_token": "<start_of_image>",
         "eoi_token": "<end_of_image>"},
    ),
    "smolvlm": Kind(
        {"vision_config": {**_VISION, "image_size": 56}, "scale_factor": 2,
         "image_token_id": "<image>"},
        "<image>",
        {"size": {"longest_edge": 112}, "max_image_size": {"longest_edge": 56},
         "do_image_splitting": True},
        {"image_seq_len": 4},
        {"model_type": "llama"},
        {"image_token": "<image>", "fake_image_token": "<fake_token_around_image>",
         "global_image_token": "<global-img>",
         "end_of_utterance_token": "<end_of_utterance>"},
    ),
}  # fmt: skip
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for part in m['content'] %}"
    "{% if part['type'] == 'image' %}SHOWN{% else %}{{ part['text'] }}{% endif %}{% endfor %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def picture(seed: int = 0, width: int = 90, height: int = 60) -> bytes:
    """Return a PNG of noise."""
    pixels = np.random.RandomState(seed).randint(0, 255, (height, width, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def saved(name: str, folder: Path) -> tuple[Any, Path]:
    """Return the library's model of a kind with random weights, and its folder."""
    from transformers import AutoConfig, AutoModelForImageTextToText

    kind = KINDS[name]
    folder.mkdir(parents=True, exist_ok=True)
    template = TEMPLATE.replace("SHOWN", kind.shown)
    tiny_models.byte_tokenizer(folder, template, MORE)
    vocabulary = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]["vocab"]
    settings = {
        k: vocabulary.get(v, v) if isinstance(v, str) else v for k, v in kind.config.items()
    }
    text = {**tiny_models.SIZES, "pad_token_id": 3, **kind.text}
    with torch.random.fork_rng():
        torch.manual_seed(5)
        config = AutoConfig.for_model(name, text_config=text, **settings)
        model = AutoModelForImageTextToText.from_config(config, attn_implementation="eager")
        for parameter in model.parameters():
            if parameter.dim() > 1:  # some begin as nothing, and then no picture would matter
                torch.nn.init.normal_(parameter, std=0.2)
    model.eval().save_pretrained(folder)
    _write(folder, "preprocessor_config.json", kind.pictures)
    _write(folder, "processor_config.json", kind.processor)
    tokens = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    _write(folder, "tokenizer_config.json", {**tokens, **kind.tokens})
    return model, folder


def _write(folder: Path, name: str, values: Mapping[str, Any]) -> None:
    (folder / name).write_text(json.dumps(values), "utf-8")
