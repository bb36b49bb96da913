"""Fine-tuning of language models: a network that gradients flow through, adapters beside it.

An *adapter* (LoRA, arXiv:2106.09685) is two small matrices beside each of some products of a model:
what they make of the inputs is added to what the product makes. One in a file of its own is leased
like any weights, and writes with its base. No torch here.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from studio.api.stability import since
from studio.api.worker.tensor_files import write_tensors
from studio.protocol.weights_files import ADAPTER_FORMAT

PREFIX = "base_model.model."
"""Before the name of a product, as peft writes it: its library reads these files, too."""
DOWN, UP = ".lora_A.weight", ".lora_B.weight"

Adapter = Mapping[str, tuple[Any, Any]]
"""Name of a product → (down, up): tensors of the shapes (rank, inputs) and (outputs, rank)."""


@since("1.1")
class TextNetwork(Protocol):
    """A language model as floats of its own: it outlives the lease, and nobody else uses it.

    Attributes:
        products: What an adapter may stand beside, as transformers names it
            (``model.layers.0.mlp.up_proj``) → (outputs, inputs).
        ends: Tokens that end a reply; the first is what a model should learn to write there.
        context_length: Tokens that a text may have.
        digest: SHA-256 of the weights' files, where the studio knows it; else empty.
    """

    products: Mapping[str, tuple[int, int]]
    ends: Sequence[int]
    context_length: int
    digest: str

    def scores(self, texts: Sequence[Any], wanted: Sequence[int], adapter: Adapter) -> Any:
        """Read texts, each from its beginning, with ``adapter``; gradients flow to its tensors.

        Args:
            texts: int64 tensors, (tokens,) each, of any lengths, on the device of the job.
            wanted: After how many of the last tokens of each the scores are asked for.
            adapter: Beside some of the products; an empty one reads as the model itself does.

        Returns:
            What may follow, float32: (sum of ``wanted``, vocabulary).
        """
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """Return tokens as text."""
        ...


@runtime_checkable
class TunableEngine(Protocol):  # no @since: to ``isinstance`` that would be a member
    """Optional interface of a leased ``TextEngine``; test with ``isinstance``. Since 1.1."""

    @property
    def network_bytes(self) -> int:
        """Memory that :meth:`network` takes; ``ctx.reserve`` it first."""
        ...

    def network(self) -> Generator[float, None, TextNetwork]:
        """Yield the share done; return the model once more, as floats.

        Raises:
            StudioError: ``UNSUPPORTED``: another library computes this model.
        """
        ...

    def check_mergeable(self) -> None:
        """Raise unless :meth:`merge` can write this model.

        Raises:
            StudioError: ``UNSUPPORTED``: it is not in one GGUF file.
        """
        ...

    def merge(self, adapter: Path, target: Path) -> Generator[float, None, None]:
        """Yield the share done; write model and adapter as one GGUF file that needs neither.

        Changed matrices have 8 bits a weight there, all others what they had.

        Args:
            adapter: What ``write_adapter`` wrote.

        Raises:
            StudioError: As ``check_mergeable``; or the adapter is of another model.
            OSError: The disk refused.
        """
        ...


@since("1.1")
@dataclass(frozen=True)
class AdapterFacts:
    """Metadata from the file of an adapter.

    Attributes:
        base: Id of the weights that it extends.
        digest: SHA-256 of those weights; empty if unknown.
        base_title: Display name of those weights.
        card: Training and evaluation of the adapter: plain data.
    """

    base: str
    digest: str = ""
    base_title: str = ""
    card: Mapping[str, Any] | None = None

    def metadata(self) -> dict[str, str]:
        """Return it as entries of a safetensors file."""
        return {
            "format": ADAPTER_FORMAT,
            "base": self.base,
            "base_digest": self.digest,
            "base_title": self.base_title,
            "card": json.dumps(dict(self.card or {}), sort_keys=True),
        }

    @classmethod
    def of(cls, metadata: Mapping[str, str]) -> AdapterFacts | None:
        """Return what ``metadata`` says; None if it is not that of an adapter."""
        if metadata.get("format") != ADAPTER_FORMAT or not metadata.get("base"):
            return None
        try:
            card = json.loads(metadata.get("card") or "{}")
        except ValueError:
            card = {}
        return cls(
            metadata["base"],
            metadata.get("base_digest", ""),
            metadata.get("base_title", ""),
            card if isinstance(card, dict) else {},
        )


@since("1.1")
def write_adapter(path: Path, adapter: Adapter, facts: AdapterFacts) -> None:
    """Write an adapter, in full precision, as a file that is leased like any weights.

    Raises:
        OSError: The disk refused.
    """
    tensors = {}
    for name, (down, up) in adapter.items():
        tensors[PREFIX + name + DOWN] = down.float()
        tensors[PREFIX + name + UP] = up.float()
    write_tensors(path, ADAPTER_FORMAT, tensors, facts.metadata(), half=False)
