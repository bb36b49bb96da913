"""How the weights of the ensemble lie in their file: names and shapes. Plain data."""

from __future__ import annotations

FORMAT = "admet-dmpnn/1"
"""Key of the metadata; its value is JSON, head → names of the outputs."""

QUANTITIES, CHANCES = HEADS = ("quantities", "chances")
"""The two halves of the ensemble; the second one is read through a sigmoid."""

MEMBERS = 5
"""Networks in each half, trained alike from different beginnings."""

ATOM, BOND, WIDTH = 72, 14, 300
"""Features of an atom, of a bond; width of every hidden layer."""

Shape = tuple[int, ...]


def trunk_shapes() -> dict[str, Shape]:
    """Return the layers that all ten networks have, in the order of their checkpoints."""
    return {
        "bond_in.weight": (WIDTH, ATOM + BOND),
        "message.weight": (WIDTH, WIDTH),
        "atom_out.weight": (WIDTH, ATOM + WIDTH),
        "atom_out.bias": (WIDTH,),
        "hidden.weight": (WIDTH, WIDTH),
        "hidden.bias": (WIDTH,),
    }


def shapes(outputs: dict[str, int]) -> dict[str, Shape]:
    """Return every tensor of a file whose heads have so many ``outputs``."""
    result = {name: (len(HEADS) * MEMBERS, *shape) for name, shape in trunk_shapes().items()}
    for head, count in outputs.items():
        result[f"{head}.out.weight"] = (MEMBERS, count, WIDTH)
        result[f"{head}.out.bias"] = (MEMBERS, count)
    for name in ("mean", "scale"):
        result[f"{QUANTITIES}.{name}"] = (MEMBERS, outputs[QUANTITIES])
    return result
