"""A trained transformer as a language model for every program: one GGUF file, as Llama has it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from studio_lab.datasets.tokens import UNKNOWN
from studio_lab.networks.decoder_transformer import BASE, EPSILON, Block, DecoderTransformer

CONTEXT = 4096
"""Tokens of a text; each looks back as far as rows of the training were long."""
TEMPLATE = "{{ bos_token }}{% for message in messages %}{% if message.role != 'system' %}"
TEMPLATE += "{{ message.content }}{% endif %}{% endfor %}"
"""Of a conversation: what was written goes on, for it knows of no questions and answers."""
NOTE = "This model continues text; it was not trained to chat."
SAMPLING = {
    "temperature": 0.8, "top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0,
    "max_tokens": 256,
}  # fmt: skip
"""For Chat: where likely tokens alone are drawn, a small network writes the same one for ever."""
_START = "<s>"


def can_be_written(vocabulary: Sequence[str]) -> bool:
    """Return whether each token of a vocabulary has a distinct spelling."""
    pieces = [_piece(token) for token in vocabulary]
    return all(pieces) and len({*pieces, _START}) == len(pieces) + 1


def write_gguf(
    path: Path, network: DecoderTransformer, vocabulary: Sequence[str], title: str, licence: str
) -> None:
    """Write a network in full precision, with its tokens.

    Args:
        vocabulary: What each token writes, the most frequent merges of byte-pair encoding first.

    Raises:
        OSError: The disk refused.
    """
    import gguf

    shape, first = network.shape, network.blocks[0]
    assert isinstance(first, Block)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(title)
    writer.add_description(NOTE)
    if licence:
        writer.add_license(licence)
    writer.add_context_length(CONTEXT)
    writer.add_sliding_window(shape.length)
    writer.add_embedding_length(network.embedding.embedding_dim)
    writer.add_block_count(len(network.blocks))
    writer.add_feed_forward_length(first.gate.out_features)
    writer.add_head_count(first.attention.heads)
    writer.add_head_count_kv(first.attention.heads)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_rope_freq_base(BASE)
    writer.add_rope_dimension_count(network.turning)
    writer.add_vocab_size(shape.vocabulary + 1)
    _add_tokens(writer, vocabulary)
    for name, tensor in _tensors(network):
        writer.add_tensor(name, tensor.detach().float().cpu().contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _piece(token: str) -> str:
    return token.replace(" ", "▁")


def _add_tokens(writer: object, vocabulary: Sequence[str]) -> None:
    from gguf import GGUFWriter, TokenType

    assert isinstance(writer, GGUFWriter)
    start = len(vocabulary)
    kinds = [TokenType.UNKNOWN if t == UNKNOWN else TokenType.NORMAL for t in vocabulary]
    writer.add_tokenizer_model("llama")
    writer.add_token_list([*map(_piece, vocabulary), _START])
    writer.add_token_scores([*(-float(place) for place in range(start)), 0.0])
    writer.add_token_types([*kinds, TokenType.CONTROL])
    writer.add_bos_token_id(start)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    if UNKNOWN in vocabulary:
        writer.add_unk_token_id(vocabulary.index(UNKNOWN))
    writer.add_chat_template(TEMPLATE)


def _tensors(network: DecoderTransformer) -> Sequence[tuple[str, Tensor]]:
    result = [
        ("token_embd.weight", network.embedding.weight),
        ("output_norm.weight", network.norm.weight),
        ("output.weight", network.head.weight),
    ]
    for number, block in enumerate(network.blocks):
        assert isinstance(block, Block)
        query, key, value = block.attention.enter.weight.chunk(3)
        parts = {
            "attn_norm": block.first.weight, "attn_q": query, "attn_k": key, "attn_v": value,
            "attn_output": block.attention.leave.weight, "ffn_norm": block.second.weight,
            "ffn_gate": block.gate.weight, "ffn_up": block.up.weight, "ffn_down": block.down.weight,
        }  # fmt: skip
        result += [(f"blk.{number}.{name}.weight", tensor) for name, tensor in parts.items()]
    return result
