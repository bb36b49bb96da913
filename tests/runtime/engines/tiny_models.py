"""Tiny random models, made on the spot as model folders and as GGUF files. Tests nothing."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import gguf
import numpy
import torch
from safetensors.torch import save_file

SIZES = {
    "vocab_size": 300,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "rms_norm_eps": 1e-5,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "initializer_range": 0.2,
}
CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def reference(architecture: str = "llama", seed: int = 0, **settings):
    """A transformers model with random weights; the global generator is left as it was."""
    from transformers import AutoConfig, AutoModelForCausalLM

    name = {"gemma3": "gemma3_text"}.get(architecture, architecture)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        config = AutoConfig.for_model(name, **{**SIZES, **settings})
        # The only kernel of the reference that bends scores.
        model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
        for name, parameter in model.named_parameters():
            if name.endswith(("bias", "norm.weight", "layernorm.weight")):
                parameter.data += 0.3 * torch.randn_like(parameter)
    return model


def byte_tokenizer(folder: Path, template: str = CHATML, more: Sequence[str] = ()) -> None:
    """Write tokenizer files in which every byte is a token, and "he"; four tokens, and those of
    ``more``, steer."""
    from studio.runtime.engines.text.tokenization.tokenizer import ALPHABET

    special = ["<|endoftext|>", "<|im_end|>", "<|im_start|>", "<|pad|>"]
    vocabulary = {token: at for at, token in enumerate([*special, *ALPHABET, "he", *more])}
    rules = {
        "version": "1.0",
        "added_tokens": [
            {"id": vocabulary[t], "content": t, "special": True, "normalized": False,
             "single_word": False, "lstrip": False, "rstrip": False}
            for t in (*special, *more)
        ],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
                          "use_regex": True},
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True,
                    "use_regex": True},
        "model": {"type": "BPE", "vocab": vocabulary, "merges": [["h", "e"]]},
    }  # fmt: skip
    (folder / "tokenizer.json").write_text(json.dumps(rules), "utf-8")
    settings = {"eos_token": "<|im_end|>", "bos_token": "<|endoftext|>", "chat_template": template}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")


def save_folder(model, folder: Path, more: Sequence[str] = (), **how) -> Path:
    """Write ``model`` and a tokenizer, with the control tokens ``more``, as a model folder."""
    model.save_pretrained(folder, **how)
    byte_tokenizer(folder, more=more)
    return folder


class Plain:
    """A llama with random weights, for tests that need no reference to compare with.

    It is saved as those of transformers are, whose import takes seconds of a process.
    """

    def __init__(self, spread: float = 0.2) -> None:
        rope = {"rope_type": "default", "rope_theta": 10_000.0}
        self.config = SimpleNamespace(
            model_type="llama", rope_parameters=rope, tie_word_embeddings=False, **SIZES
        )
        random = torch.Generator().manual_seed(0)
        self._tensors = {
            f"{name}.weight": spread * torch.randn(shape, generator=random) + (len(shape) == 1)
            for name, shape in self._shapes().items()
        }

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        words, wide, inner = SIZES["vocab_size"], SIZES["hidden_size"], SIZES["intermediate_size"]
        keys = wide * SIZES["num_key_value_heads"] // SIZES["num_attention_heads"]
        parts = {"input_layernorm": (wide,), "post_attention_layernorm": (wide,),
                 "self_attn.q_proj": (wide, wide), "self_attn.k_proj": (keys, wide),
                 "self_attn.v_proj": (keys, wide), "self_attn.o_proj": (wide, wide),
                 "mlp.gate_proj": (inner, wide), "mlp.up_proj": (inner, wide),
                 "mlp.down_proj": (wide, inner)}  # fmt: skip
        table = (words, wide)
        shapes = {"model.embed_tokens": table, "model.norm": (wide,), "lm_head": table}
        for layer in range(SIZES["num_hidden_layers"]):
            shapes |= {f"model.layers.{layer}.{name}": parts[name] for name in parts}
        return shapes

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Its tensors, by the names that transformers gives them."""
        return self._tensors

    def save_pretrained(self, folder: Path) -> None:
        """Write configuration and tensors."""
        folder.mkdir(parents=True, exist_ok=True)
        config = {"architectures": ["LlamaForCausalLM"], "hidden_act": "silu",
                  "dtype": "float32", **vars(self.config)}  # fmt: skip
        (folder / "config.json").write_text(json.dumps(config), "utf-8")
        save_file(self._tensors, folder / "model.safetensors", {"format": "pt"})


def save_gguf(model, path: Path, quantisation: str = "F32", **extra) -> Path:
    """Write ``model`` as GGUF with the ``gguf`` package, as its converter would."""
    config = model.config
    split = extra.get("split_max_tensors", 0)
    writer = gguf.GGUFWriter(str(path), _name(config), split_max_tensors=split)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_key_length(head_dim)
    writer.add_value_length(head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    _add_rope(writer, config, head_dim)
    if getattr(config, "sliding_window", None):
        writer.add_sliding_window(config.sliding_window)
        if config.model_type == "qwen2":
            near = [kind == "sliding_attention" for kind in config.layer_types]
            writer.add_sliding_window_pattern(near)
    if cap := getattr(config, "attn_logit_softcapping", None):
        writer.add_attn_logit_softcapping(cap)
    if cap := getattr(config, "final_logit_softcapping", None):
        writer.add_final_logit_softcapping(cap)
    _add_tokenizer(writer)
    for key, value in extra.get("metadata", {}).items():
        writer.add_string(key, value)
    for key, value in model.state_dict().items():
        if key != "lm_head.weight" or not config.tie_word_embeddings:
            _add_tensor(writer, model, key, value.float().numpy(), quantisation)
    for key, value in extra.get("tensors", {}).items():
        writer.add_tensor(key, value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _name(config) -> str:
    """What GGUF calls the architecture: Mistral has no name of its own."""
    return {"gemma3_text": "gemma3", "mistral": "llama"}.get(config.model_type, config.model_type)


def _add_rope(writer: gguf.GGUFWriter, config, head_dim: int) -> None:
    rope = config.rope_parameters
    rope = rope.get("full_attention", rope)
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_rope_dimension_count(int(head_dim * rope.get("partial_rotary_factor", 1)))
    if rope["rope_type"] in ("linear", "yarn"):
        writer.add_rope_scaling_type(gguf.RopeScalingType(rope["rope_type"]))
        writer.add_rope_scaling_factor(rope["factor"])
    if rope["rope_type"] == "yarn":
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    if rope["rope_type"] == "longrope":
        original = rope["original_max_position_embeddings"]
        writer.add_rope_scaling_orig_ctx_len(original)
        stretched = math.log(config.max_position_embeddings / original) / math.log(original)
        writer.add_rope_scaling_attn_factors(math.sqrt(1 + stretched))
        for length in ("long", "short"):
            factors = numpy.array(rope[f"{length}_factor"], numpy.float32)
            writer.add_tensor(f"rope_factors_{length}.weight", factors)


def _add_tokenizer(writer: gguf.GGUFWriter) -> None:
    from studio.runtime.engines.text.tokenization.tokenizer import ALPHABET

    special = ["<|endoftext|>", "<|im_end|>", "<|im_start|>", "<|pad|>"]
    tokens = [*special, *ALPHABET, "he"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([3] * 4 + [1] * 257)
    writer.add_token_merges(["h e"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_chat_template(CHATML)


def _add_tensor(writer, model, key: str, value: numpy.ndarray, quantisation: str) -> None:
    config, architecture = model.config, _name(model.config)
    number = gguf.MODEL_ARCH[architecture.upper()]
    names = gguf.get_tensor_name_map(number, config.num_hidden_layers)
    name = names.get_name(key, try_suffixes=(".weight", ".bias"))
    heads = {"q_proj": "num_attention_heads", "k_proj": "num_key_value_heads"}
    for part, count in heads.items():
        if part in key and architecture in ("llama", "smollm3"):
            heads_first = value.reshape(getattr(config, count), 2, -1, *value.shape[1:])
            value = heads_first.swapaxes(1, 2).reshape(value.shape)
    if architecture.startswith("gemma") and key.endswith("norm.weight"):
        value = value + 1
    kind = gguf.GGMLQuantizationType[quantisation if value.ndim > 1 else "F32"]
    if kind is gguf.GGMLQuantizationType.F32:
        writer.add_tensor(name, value)
        return
    writer.add_tensor(name, packed(value, kind), raw_dtype=kind)


def packed(value: numpy.ndarray, kind: gguf.GGMLQuantizationType) -> numpy.ndarray:
    """``value`` as blocks of ``kind``; of K blocks, which the package only reads, blocks of noise.

    The same value gives the same noise, of a size as weights have it.
    """
    scales = {"Q4_K": {0: 8e-4, 2: 6e-3}, "Q6_K": {208: 1.5e-4}}.get(kind.name)
    if scales is None:
        return gguf.quants.quantize(value, kind)
    items, size = gguf.GGML_QUANT_SIZES[kind]
    generator = numpy.random.default_rng(zlib.crc32(value.tobytes()))
    blocks = generator.integers(0, 256, (value.size // items, size), dtype=numpy.uint8)
    for place, scale in scales.items():  # where a block keeps its float16 numbers
        blocks[:, place : place + 2] = numpy.array([scale], numpy.float16).view(numpy.uint8)
    return blocks.reshape(*value.shape[:-1], -1)
