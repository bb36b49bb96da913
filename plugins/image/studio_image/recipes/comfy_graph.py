"""A graph of ComfyUI in one form, from either of the two it is written in. Plain data."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from studio_image.recipes.foreign import rows, table, words

MOST_NODES = 20_000
_BYPASSED = 4
_CONTROL = ("control_after_generate",)
_WIDGETS: Mapping[str, tuple[str, ...]] = {
    "KSampler": ("seed", *_CONTROL, "steps", "cfg", "sampler_name", "scheduler", "denoise"),
    "KSamplerAdvanced": (
        "add_noise", "noise_seed", *_CONTROL, "steps", "cfg", "sampler_name", "scheduler",
    ),
    "SamplerCustom": ("add_noise", "noise_seed", *_CONTROL, "cfg"),
    "RandomNoise": ("noise_seed",),
    "KSamplerSelect": ("sampler_name",),
    "BasicScheduler": ("scheduler", "steps", "denoise"),
    "CFGGuider": ("cfg",),
    "FluxGuidance": ("guidance",),
    "CLIPTextEncode": ("text",),
    "CLIPTextEncodeFlux": ("clip_l", "t5xxl", "guidance"),
    "CLIPSetLastLayer": ("stop_at_clip_layer",),
    "CheckpointLoaderSimple": ("ckpt_name",),
    "UNETLoader": ("unet_name",),
    "LoraLoader": ("lora_name", "strength_model", "strength_clip"),
    "LoraLoaderModelOnly": ("lora_name", "strength_model"),
    "EmptyLatentImage": ("width", "height"),
    "EmptySD3LatentImage": ("width", "height"),
    "PrimitiveNode": ("value",),
}  # fmt: skip
"""Class → what its values are, in the order in which a drawn graph lists them."""


class Link(NamedTuple):
    """An input that another node gives."""

    node: str


@dataclass
class Node:
    """One node: its class, and its inputs by name, each a value or a :class:`Link`.

    Attributes:
        bypassed: It stands in the graph, and what goes in comes out as it is.
    """

    kind: str
    inputs: dict[str, Any] = field(default_factory=dict)
    bypassed: bool = False


@dataclass
class Graph:
    """Nodes by their id."""

    nodes: dict[str, Node] = field(default_factory=dict)

    def node(self, link: Link) -> Node | None:
        """Return the node that a link comes from, if it is there."""
        return self.nodes.get(link.node)

    def before(self, node: Node, most: int) -> Iterator[Node]:
        """Yield the node and all that it is made from, each once, the nearest first."""
        return self._walk(node, most, ())

    def from_link(self, link: Link, most: int, skip: Collection[str] = ()) -> Iterator[Node]:
        """Yield the node of a link and all that it is made from, without the inputs ``skip``."""
        node = self.node(link)
        return iter(()) if node is None else self._walk(node, most, skip)

    def _walk(self, node: Node, most: int, skip: Collection[str]) -> Iterator[Node]:
        seen, waiting = {id(node)}, deque([node])
        for _ in range(most):
            if not waiting:
                return
            node = waiting.popleft()
            yield node
            for name, value in node.inputs.items():
                source = self.node(value) if isinstance(value, Link) and name not in skip else None
                if source is not None and id(source) not in seen:
                    seen.add(id(source))
                    waiting.append(source)


def of_prompt(data: Any) -> Graph:
    """Return the graph of a text ``prompt``; an empty one if it is something else."""
    graph = Graph()
    for name, value in list(table(data).items())[:MOST_NODES]:
        kind, inputs = words(table(value).get("class_type")), table(table(value).get("inputs"))
        if kind:
            graph.nodes[name] = Node(kind, {key: _input(item) for key, item in inputs.items()})
    return graph


def of_workflow(data: Any) -> Graph:
    """Return the graph of a text ``workflow``; an empty one if it is something else."""
    graph, sources = Graph(), dict(_links(table(data).get("links")))
    for value in rows(table(data).get("nodes"))[:MOST_NODES]:
        entry = table(value)
        kind = words(entry.get("type"))
        values = entry.get("widgets_values")
        if isinstance(values, dict):  # some write them with names
            inputs = {key: given for key, given in values.items() if not isinstance(given, dict)}
        else:
            inputs = dict(zip(_WIDGETS.get(kind, ()), rows(values), strict=False))
        for slot in rows(entry.get("inputs")):
            link = table(slot).get("link")
            source = sources.get(link) if isinstance(link, int) else None
            if source is not None and words(table(slot).get("name")):
                inputs[slot["name"]] = Link(source)
        if kind:
            graph.nodes[str(entry.get("id"))] = Node(kind, inputs, entry.get("mode") == _BYPASSED)
    return graph


def _input(value: Any) -> Any:
    is_link = isinstance(value, list) and len(value) == 2 and isinstance(value[1], int)
    return Link(str(value[0])) if is_link and isinstance(value[0], str | int) else value


def _links(value: Any) -> Iterator[tuple[int, str]]:
    """Yield (link, the node it comes from) of either spelling."""
    for row in rows(value)[: 4 * MOST_NODES]:
        if isinstance(row, list) and len(row) >= 2:
            number, source = row[0], row[1]
        else:
            number, source = table(row).get("id"), table(row).get("origin_id")
        if isinstance(number, int) and isinstance(source, str | int):
            yield number, str(source)
