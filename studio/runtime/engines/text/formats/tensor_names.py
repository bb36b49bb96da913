"""What tensors are called: in GGUF files by llama.cpp, in model folders by transformers."""

from __future__ import annotations

from collections.abc import Mapping

from studio.runtime.engines.text.formats.config import Family

_GGUF = {
    "embedding": "token_embd.weight",
    "norm": "output_norm.weight",
    "head": "output.weight",
    "attention_norm": "blk.{}.attn_norm.weight",
    "attention_post_norm": "blk.{}.post_attention_norm.weight",
    "qkv": "blk.{}.attn_qkv",
    "query": "blk.{}.attn_q",
    "key": "blk.{}.attn_k",
    "value": "blk.{}.attn_v",
    "query_norm": "blk.{}.attn_q_norm.weight",
    "key_norm": "blk.{}.attn_k_norm.weight",
    "out": "blk.{}.attn_output.weight",
    "feed_forward_norm": "blk.{}.ffn_norm.weight",
    "feed_forward_post_norm": "blk.{}.post_ffw_norm.weight",
    "gate_up": "blk.{}.ffn_up.weight",
    "gate": "blk.{}.ffn_gate.weight",
    "up": "blk.{}.ffn_up.weight",
    "down": "blk.{}.ffn_down.weight",
}
_LAYER = "model.layers.{}."
_FOLDER = {
    "embedding": "model.embed_tokens.weight",
    "norm": "model.norm.weight",
    "head": "lm_head.weight",
    "attention_norm": _LAYER + "input_layernorm.weight",
    "qkv": _LAYER + "self_attn.qkv_proj",
    "query": _LAYER + "self_attn.q_proj",
    "key": _LAYER + "self_attn.k_proj",
    "value": _LAYER + "self_attn.v_proj",
    "query_norm": _LAYER + "self_attn.q_norm.weight",
    "key_norm": _LAYER + "self_attn.k_norm.weight",
    "out": _LAYER + "self_attn.o_proj.weight",
    "feed_forward_norm": _LAYER + "post_attention_layernorm.weight",
    "gate_up": _LAYER + "mlp.gate_up_proj.weight",
    "gate": _LAYER + "mlp.gate_proj.weight",
    "up": _LAYER + "mlp.up_proj.weight",
    "down": _LAYER + "mlp.down_proj.weight",
}
_FOLDER_WITH_POST_NORMS = _FOLDER | {
    "attention_post_norm": _LAYER + "post_attention_layernorm.weight",
    "feed_forward_norm": _LAYER + "pre_feedforward_layernorm.weight",
    "feed_forward_post_norm": _LAYER + "post_feedforward_layernorm.weight",
}


def gguf_names(family: Family) -> Mapping[str, str]:
    """Return the names of parts in GGUF files; products of a layer without what follows the dot."""
    return _GGUF


def folder_names(family: Family) -> Mapping[str, str]:
    """Return the names of parts in model folders, in the same way."""
    return _FOLDER_WITH_POST_NORMS if family.post_norms else _FOLDER
