"""The recipes of ComfyUI: a graph of nodes, walked back from its sampler. Plain data.

A picture holds the graph twice: ``prompt``, as it ran (node → class and inputs, an input being a
value or a link ``[node, slot]``), and ``workflow``, as it was drawn (nodes with unnamed values, and
a list of links). Facts from the project's documentation of its formats and from files it wrote.

Graphs of strangers may be huge, or run in circles: each node is asked once, and only so many.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from studio_image.diffusion import prompt_words
from studio_image.recipes import foreign
from studio_image.recipes.comfy_graph import Graph, Link, Node, of_prompt, of_workflow
from studio_image.recipes.foreign import number, present, table, words
from studio_image.recipes.recipe import Recipe, restored

PROGRAM = "ComfyUI"
PROMPT, WORKFLOW = "prompt", "workflow"
_MOST_NODES_ASKED = 2_000
_MOST_SAMPLERS = 32
_MOST_NAMED = 8
_LONGEST_PROMPT = 20_000

_TEXTS = ("text", "text_g", "clip_l", "t5xxl", "prompt", "string", "value", "positive", "STRING")
_SEEDS = ("seed", "noise_seed")
_MODELS = ("ckpt_name", "unet_name", "model_name")
_SKIPPED = frozenset({"Reroute", "PrimitiveNode", "Note", "MarkdownNote"})
_UNDERSTOOD = _SKIPPED | {
    "KSampler", "KSamplerAdvanced", "SamplerCustom", "SamplerCustomAdvanced", "KSamplerSelect",
    "BasicScheduler", "RandomNoise", "CFGGuider", "BasicGuider", "FluxGuidance", "CLIPTextEncode",
    "CLIPTextEncodeSDXL", "CLIPTextEncodeFlux", "ConditioningZeroOut", "CheckpointLoaderSimple",
    "UNETLoader", "CLIPLoader", "DualCLIPLoader", "TripleCLIPLoader", "VAELoader", "LoraLoader",
    "LoraLoaderModelOnly", "CLIPSetLastLayer", "EmptyLatentImage", "EmptySD3LatentImage",
    "VAEDecode", "VAEEncode", "LoadImage", "SaveImage", "PreviewImage", "ModelSamplingSD3",
    "ModelSamplingFlux", "FreeU", "FreeU_V2",
}  # fmt: skip


@dataclass
class _Found:
    """Facts collected by the walk so far."""

    values: dict[str, Any] = field(default_factory=dict)
    model: str = ""
    loras: list[tuple[str, float]] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)


def read(text: str) -> Recipe:
    """Return what ``prompt`` says; an empty recipe if it is no graph."""
    graph_data = table(foreign.loaded(text))
    inner = graph_data.get(PROMPT)  # where there is one comment for all, it is a table of both
    return _read(of_prompt(inner if isinstance(inner, dict) else graph_data))


def read_workflow(text: str) -> Recipe:
    """Return what ``workflow`` says; an empty recipe if it is no graph."""
    return _read(of_workflow(foreign.loaded(text)))


def _read(graph: Graph) -> Recipe:
    samplers = [node for node in graph.nodes.values() if _is_sampler(node)][:_MOST_SAMPLERS]
    if not samplers:
        return Recipe()
    first = min(samplers, key=lambda node: _samplers_before(graph, node))
    facts = _Found()
    if len(samplers) > 1:
        facts.rest.append(f"{len(samplers) - 1} further sampling, such as a second pass")
    _sampling(graph, first, facts)
    _models(graph, first, facts)
    _size(graph, first, facts)
    unknown = {node.kind for node in graph.before(first, _MOST_NODES_ASKED)} - _UNDERSTOOD
    facts.rest += [f"the node {kind}"[:80] for kind in sorted(unknown)[:_MOST_NAMED]]
    if len(unknown) > _MOST_NAMED:
        facts.rest.append(f"{len(unknown) - _MOST_NAMED} other nodes")
    return restored(
        PROGRAM,
        facts.values,
        model=facts.model,
        loras=facts.loras[: foreign.MOST_LORAS],
        left_out=facts.rest,
    )


def _is_sampler(node: Node) -> bool:
    if node.kind == "SamplerCustomAdvanced":
        return True
    links = {name for name, value in node.inputs.items() if isinstance(value, Link)}
    return "positive" in links and bool({*_SEEDS, "sampler_name", "sampler"} & {*node.inputs})


def _samplers_before(graph: Graph, node: Node) -> int:
    """Return how many samplers worked on the latents before this one."""
    links = [node.inputs.get(name) for name in ("latent_image", "latent", "samples")]
    return sum(
        _is_sampler(candidate)
        for link in links
        if isinstance(link, Link)
        for candidate in graph.from_link(link, _MOST_NODES_ASKED)
    )


def _sampling(graph: Graph, node: Node, facts: _Found) -> None:
    """Read steps, guidance, seed, sampler and words: of the sampler, or of the parts it names."""
    parts = [node, *(_part(graph, node, n) for n in ("guider", "sampler", "sigmas", "noise"))]
    sources = [part for part in parts if part is not None]

    def value(*names: str) -> Any:
        for part in sources:
            for name in names:
                if (literal := _literal(graph, part.inputs.get(name))) is not None:
                    return literal
        return None

    chosen, rest = foreign.scheduler(words(value("sampler_name")), words(value("scheduler")))
    facts.rest += rest
    facts.values |= chosen | present(
        steps=value("steps"), guidance=value("cfg"), seed=value(*_SEEDS), strength=value("denoise")
    )
    for ours, theirs in (("prompt", ("positive", "conditioning")), ("negative", ("negative",))):
        links = [part.inputs.get(name) for part in sources for name in theirs]
        link = next((value for value in links if isinstance(value, Link)), None)
        said_there = _words(graph, link, facts) if link else ""
        facts.values[ours] = prompt_words.explicit(said_there)


def _part(graph: Graph, node: Node, name: str) -> Node | None:
    link = node.inputs.get(name)
    return graph.node(link) if isinstance(link, Link) else None


def _words(graph: Graph, link: Link, facts: _Found) -> str:
    """Return the texts of a conditioning, one a line."""
    texts: dict[str, None] = {}
    for node in graph.from_link(link, _MOST_NODES_ASKED, skip=("model", "clip", "vae", "image")):
        if node.kind == "ConditioningZeroOut":
            return ""
        if node.kind == "FluxGuidance" and "guidance" in node.inputs:
            facts.values["guidance"] = _literal(graph, node.inputs["guidance"])
        if "clip" in node.inputs or "TextEncode" in node.kind:
            for name in _TEXTS:
                if text := words(_literal(graph, node.inputs.get(name))).strip():
                    texts.setdefault(text)
        if sum(map(len, texts)) > _LONGEST_PROMPT:
            break
    return "\n".join(texts)


def _models(graph: Graph, node: Node, facts: _Found) -> None:
    """Read weights, LoRAs and clip skip from what comes before the sampler."""
    for part in graph.before(node, _MOST_NODES_ASKED):
        if part.bypassed:
            continue
        name = words(_literal(graph, part.inputs.get("lora_name")))
        if name and name != "None":
            strength = number(_literal(graph, part.inputs.get("strength_model")))
            facts.loras.append(
                (foreign.file_title(name), 1.0 if strength is None else float(strength))
            )
        for key in _MODELS:
            name = words(_literal(graph, part.inputs.get(key)))
            if name and not facts.model and "Loader" in part.kind:
                facts.model = foreign.file_title(name)
        skip = number(_literal(graph, part.inputs.get("stop_at_clip_layer")))
        if skip is not None and skip < -1:
            facts.values["clip_skip"] = -skip
        if part.kind in ("FreeU", "FreeU_V2"):
            facts.values["freeu"] = True


def _size(graph: Graph, node: Node, facts: _Found) -> None:
    """Read the size of the sampler's latents, or note that they come from a picture."""
    links = [node.inputs.get(name) for name in ("latent_image", "latent", "samples")]
    begins = [origin for link in links if isinstance(link, Link) for origin in _one(graph, link)]
    for origin in begins:
        width, height = (_literal(graph, origin.inputs.get(n)) for n in ("width", "height"))
        if "Empty" in origin.kind and number(width) and number(height):
            facts.values |= {"width": width, "height": height}
            facts.values.pop("strength", None)  # of noise, all changes
            return
    if any(origin.kind == "LoadImage" for origin in begins):
        facts.rest.append("the starting image")
    else:
        facts.values.pop("strength", None)


def _one(graph: Graph, link: Link) -> Iterator[Node]:
    return graph.from_link(link, _MOST_NODES_ASKED, skip=("model", "clip", "positive", "negative"))


def _literal(graph: Graph, value: Any) -> Any:
    """Return a value, also one that stands in a node of its own; None if it is computed."""
    for _ in range(16):
        if not isinstance(value, Link):
            return value if isinstance(value, str | int | float) else None
        node = graph.node(value)
        if node is None:
            return None
        names = (*_TEXTS, *_SEEDS, "int", "float", "number", "sampler_name", "scheduler", "")
        value = next((node.inputs[name] for name in names if name in node.inputs), None)
    return None
