"""Text encoders beside CLIP, T5 and Gemma 2: networks without numbers, and tokenizers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.api.worker.config_files import broken

_MOST_BYTES = 64 << 20
"""Of a file of a tokenizer: that of Gemma has 34 MB."""

_KEYS: Mapping[str, tuple[str, ...]] = {
    "T5EncoderModel": (
        "vocab_size", "d_model", "d_kv", "d_ff", "num_layers", "num_heads",
        "relative_attention_num_buckets", "relative_attention_max_distance", "feed_forward_proj",
        "layer_norm_epsilon",
    ),
    "Gemma2Model": (
        "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
        "num_attention_heads", "num_key_value_heads", "head_dim", "hidden_activation",
        "max_position_embeddings", "rms_norm_eps", "rope_theta", "rope_parameters",
        "query_pre_attn_scalar", "sliding_window", "attn_logit_softcapping",
        "final_logit_softcapping", "layer_types",
    ),
}  # fmt: skip
_CONFIGS = {"T5EncoderModel": "T5Config", "Gemma2Model": "Gemma2Config"}


def is_ours(kind: str) -> bool:
    """Whether a class of ``transformers`` is one of these."""
    return kind in _KEYS


def network(kind: str, config: Mapping[str, Any]) -> Any:
    """Build the network of a config on the current default device."""
    import transformers

    settings = {key: config[key] for key in _KEYS[kind] if key in config}
    return getattr(transformers, kind)(getattr(transformers, _CONFIGS[kind])(**settings))


def computed_buffer(network: Any, name: str, device: Any) -> bool:
    """Give a network numbers that are in no file, for they follow from its config.

    Returns:
        Whether it is such a buffer: the places of a transformer's patches, or of Gemma's words.
    """
    import torch
    from diffusers.models.embeddings import PatchEmbed, get_2d_sincos_pos_embed

    path, _, own = name.rpartition(".")
    owner = network.get_submodule(path)
    if isinstance(owner, PatchEmbed):
        embedding = get_2d_sincos_pos_embed(
            owner.proj.out_channels,
            int((owner.height * owner.width) ** 0.5),
            base_size=owner.base_size,
            interpolation_scale=owner.interpolation_scale,
            output_type="pt",
        )
        owner.pos_embed = embedding.float()[None].to(device)
        return True
    if own.endswith("inv_freq"):
        setattr(owner, own, getattr(type(owner)(config=network.config), own).to(device))
        return True
    if own == "embed_scale":
        owner.embed_scale = torch.tensor(network.config.hidden_size**0.5, device=device)
        return True
    return False


def tokenizer(folder: Path, kind: str) -> Any:
    """Return a tokenizer from the files of its folder.

    Raises:
        StudioError: They cannot be used.
    """
    import transformers

    where = f"{folder.parent.name}/{folder.name}"
    for file in folder.glob("*"):
        if file.stat().st_size > _MOST_BYTES:
            raise broken(f"{where}/{file.name}", f"it is larger than {_MOST_BYTES >> 20} MiB")
    if not any((folder / name).is_file() for name in ("tokenizer.json", "spiece.model")):
        raise broken(where, "it has no tokenizer.json")
    try:
        loaded: Any = getattr(transformers, kind).from_pretrained(folder, local_files_only=True)
    except Exception as error:  # the tokenizers' own code raises plain exceptions
        raise broken(where, f"it cannot be read ({str(error)[:200]})") from error
    return loaded
