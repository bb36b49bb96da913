"""Adapters as results: weights beside the model that they were trained on, or merged with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.api import Event, Kind, TaskContext
from studio.api.worker.tuning import AdapterFacts, write_adapter
from studio_lab.finetuning.lora import Lora
from studio_lab.handover import card_text, full_disk_told, weights_id


@dataclass
class AdapterNames:
    """What an adapter is called.

    Attributes:
        base: Id of the model that it stands beside.
        digest: Of its file; empty where nobody knows it.
        title: What a person reads.
        id: Of the adapter; empty until it was handed over.
        merged: Of both as one model; empty until that was handed over.
    """

    base: str
    digest: str
    title: str
    id: str = ""
    merged: str = ""


def adapter_artifact(
    ctx: TaskContext, network: Lora, provenance: AdapterNames, card: Mapping[str, Any]
) -> Event:
    """Return the event that hands over an adapter; its id is in ``made`` then.

    Raises:
        StudioError: The disk is full.
    """
    path = _written(ctx, network, provenance, card, "adapter.safetensors")
    provenance.id = weights_id(provenance.title, path)
    meta = {"weights": provenance.id, "card": dict(card), "base": provenance.base}
    return ctx.artifact(
        Kind.WEIGHTS,
        path,
        suffix=".safetensors",
        title=provenance.title,
        text=card_text(card),
        meta=meta,
    )


def merged_artifact(
    ctx: TaskContext, network: Lora, provenance: AdapterNames, card: Mapping[str, Any]
) -> Iterator[Event]:
    """Hand over model and adapter as one GGUF file; its id is in ``made`` then.

    Raises:
        StudioError: The disk is full.
    """
    adapter = _written(ctx, network, provenance, card, "merged.safetensors")
    path = ctx.scratch / "merged.gguf"
    with ctx.lease(provenance.base) as engine, full_disk_told("The fine-tuned model"):
        for share in engine.merge(adapter, path):
            yield ctx.progress(share, 1, "Writing the whole model")
    provenance.merged = f"{provenance.id}-merged"
    meta = {"weights": provenance.merged, "card": dict(card), "base": provenance.base}
    title = f"{provenance.title}, merged"
    yield ctx.artifact(
        Kind.WEIGHTS, path, suffix=".gguf", title=title, text=card_text(card), meta=meta
    )


def _written(
    ctx: TaskContext, network: Lora, provenance: AdapterNames, card: Mapping[str, Any], name: str
) -> Path:
    path = ctx.scratch / name
    facts = AdapterFacts(provenance.base, provenance.digest, provenance.base, card)
    with full_disk_told("The fine-tuned model"):
        write_adapter(path, network.adapter(), facts)
    return path
