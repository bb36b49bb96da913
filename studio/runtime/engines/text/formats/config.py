"""The sizes of a decoder and what its architecture varies. Reads nothing, allocates nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from studio.runtime.engines.text.formats.load_errors import bad_weights

# Far above any published model; a header that asks for more is broken or hostile.
MAX_HIDDEN = 1 << 16
MAX_INTERMEDIATE = 1 << 18
MAX_LAYERS = 1_000
MAX_HEADS = 1 << 10
MAX_HEAD_DIM = 1 << 10
MAX_VOCABULARY = 1 << 21
MAX_CONTEXT = 1 << 24


@dataclass(frozen=True)
class Family:
    """What all models of one architecture have in common.

    Attributes:
        name: As GGUF spells it (Mistral has no name of its own there).
        model_class: Class name in config.json.
        qkv_bias: Queries, keys and values have a bias.
        qk_norm: Queries and keys are normalised, head by head.
        post_norms: What attention and feed-forward return is normalised before it is added.
        gelu: The gate is GELU (its tanh form) instead of SiLU.
        scaled_embedding: Embeddings are multiplied by √ hidden.
        norm_offset: Added to the weights of norms as model folders store them; GGUF has done so.
        fused: Files store queries, keys and values as one matrix, and so gate and up.
        interleaved: GGUF stores queries and keys so that neighbours are rotated together, not the
            two halves of a head.
    """

    name: str
    model_class: str
    qkv_bias: bool = False
    qk_norm: bool = False
    post_norms: bool = False
    gelu: bool = False
    scaled_embedding: bool = False
    norm_offset: float = 0.0
    fused: bool = False
    interleaved: bool = False


FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family("llama", "LlamaForCausalLM", interleaved=True),
        Family("mistral", "MistralForCausalLM"),
        Family("qwen2", "Qwen2ForCausalLM", qkv_bias=True),
        Family("qwen3", "Qwen3ForCausalLM", qk_norm=True),
        Family("gemma", "GemmaForCausalLM", gelu=True, scaled_embedding=True, norm_offset=1.0),
        Family(
            "gemma2", "Gemma2ForCausalLM",
            post_norms=True, gelu=True, scaled_embedding=True, norm_offset=1.0,
        ),
        Family(
            "gemma3", "Gemma3ForCausalLM",
            qk_norm=True, post_norms=True, gelu=True, scaled_embedding=True, norm_offset=1.0,
        ),
        Family("phi3", "Phi3ForCausalLM", fused=True),
        Family("smollm3", "SmolLM3ForCausalLM", interleaved=True),
    )
}  # fmt: skip

ARCHITECTURES: Mapping[str, str] = {family.model_class: family.name for family in FAMILIES.values()}
"""Class names of config.json → what they are here. Nothing outside this table is ever looked up."""

KNOWN = "Llama, Mistral, Qwen2, Qwen3, Gemma 1 to 3, Phi-3 and SmolLM3 models"


@dataclass(frozen=True)
class RopeConfig:
    """Rotary positions (RoFormer, arXiv:2104.09864) and how they are stretched.

    Attributes:
        theta: Base of the wavelengths.
        dim: How many values of a head turn: its first ones.
        scaling: ``linear`` divides all frequencies by ``factor``; ``llama3`` only the slow ones;
            ``yarn`` (arXiv:2309.00071) as well, by other borders.
        factor: How far.
        low_factor: ``llama3``: wavelengths above ``original_context / low_factor`` are divided;
            ``yarn``: pairs that turn less often than this within the original context.
        high_factor: ``llama3``: wavelengths below ``original_context / high_factor`` are left;
            ``yarn``: pairs that turn more often.
        original_context: Context length before stretching.
        divisors: Of each frequency; empty for none (LongRoPE, arXiv:2402.13753, and GGUF).
        long_divisors: The same for texts with room for more than ``original_context`` tokens.
        magnitude: What turns also multiply by.
    """

    theta: float
    dim: int
    scaling: Literal["none", "linear", "llama3", "yarn"] = "none"
    factor: float = 1.0
    low_factor: float = 1.0
    high_factor: float = 4.0
    original_context: int = 8_192
    divisors: tuple[float, ...] = ()
    long_divisors: tuple[float, ...] = ()
    magnitude: float = 1.0


@dataclass(frozen=True)
class LayerKind:
    """How a layer sees the text.

    Attributes:
        rope: How it knows positions; None if it does not (NoPE).
        window: How many tokens a token sees, itself included; None for all before it.
    """

    rope: RopeConfig | None
    window: int | None = None


@dataclass(frozen=True)
class LlamaConfig:
    """Sizes of the decoder; all of them checked against limits.

    Attributes:
        family: What its architecture varies.
        heads: Query heads; ``kv_heads`` of them share no keys (grouped-query attention).
        kinds: Of each layer.
        tied: The output projection is the token embedding.
        interleaved: Queries and keys are stored so that neighbours are rotated together.
        norm_offset: Added to the stored weights of norms.
        query_scale: Of attention's scores; None for 1 / √ head dim.
        attention_cap: Attention's scores are bent to stay within ± this.
        score_cap: And so the scores of tokens.
    """

    family: Family
    vocabulary: int
    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    context_length: int
    norm_eps: float
    kinds: tuple[LayerKind, ...]
    tied: bool
    interleaved: bool = False
    norm_offset: float = 0.0
    query_scale: float | None = None
    attention_cap: float | None = None
    score_cap: float | None = None

    @property
    def architecture(self) -> str:
        """Its name."""
        return self.family.name

    @property
    def parameters(self) -> int:
        """How many weights there are."""
        width = (self.heads + 2 * self.kv_heads) * self.head_dim
        attention = width * self.hidden + self.heads * self.head_dim * self.hidden
        block = attention + 3 * self.hidden * self.intermediate
        block += (4 if self.family.post_norms else 2) * self.hidden
        block += width if self.family.qkv_bias else 0
        block += 2 * self.head_dim if self.family.qk_norm else 0
        embeddings = (1 if self.tied else 2) * self.vocabulary * self.hidden
        return embeddings + self.layers * block + self.hidden

    @property
    def cache_values_per_token(self) -> int:
        """Numbers that the key-value cache keeps for one token."""
        return 2 * self.layers * self.kv_heads * self.head_dim

    @property
    def ropes(self) -> set[RopeConfig]:
        """The rules by which its layers know positions."""
        return {kind.rope for kind in self.kinds if kind.rope is not None}

    def is_long(self, capacity: int) -> bool:
        """Return whether a text of up to ``capacity`` tokens turns by the long divisors."""
        return any(rope.long_divisors and capacity > rope.original_context for rope in self.ropes)


def checked(path: Path, config: LlamaConfig) -> LlamaConfig:
    """Return ``config``, whose sizes fit each other.

    Raises:
        StudioError: They do not.
    """
    if config.heads % config.kv_heads:
        raise bad_weights(
            path,
            f"{config.heads} attention heads cannot be divided among {config.kv_heads} "
            "key-value heads",
        )
    if config.head_dim % 2:
        raise bad_weights(
            path, f"a head size of {config.head_dim} is odd, so RoPE cannot rotate it"
        )
    for rope in config.ropes:
        if rope.scaling == "yarn" and rope.theta <= 1:
            raise bad_weights(path, f"the RoPE base {rope.theta:g} is not usable")
        if rope.dim % 2 or rope.dim > config.head_dim:
            raise bad_weights(
                path, f"a head of size {config.head_dim} cannot have {rope.dim} rotated dimensions"
            )
        for divisors in (rope.divisors, rope.long_divisors):
            if divisors and len(divisors) != rope.dim // 2:
                raise bad_weights(
                    path, f"there are {len(divisors)} RoPE factors instead of {rope.dim // 2}"
                )
    return config
