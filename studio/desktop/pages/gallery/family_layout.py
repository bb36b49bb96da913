"""Where the members of a family tree are drawn: columns by generation, few crossings. Pure."""

from __future__ import annotations

from collections import defaultdict

from PySide6.QtCore import QRectF

from studio.library.family import Tree

CARD_WIDTH, CARD_HEIGHT = 172.0, 132.0
BETWEEN = 132.0
"""Pixels between two columns: room for what made it."""
GAP = 18.0
MARGIN = 28.0


def lay_out(tree: Tree) -> dict[str, QRectF]:
    """Return the rectangle of each member, parents at the left of their children."""
    columns: defaultdict[int, list[str]] = defaultdict(list)
    for id, member in tree.members.items():
        columns[member.layer].append(id)
    order: dict[str, float] = {}
    for layer in sorted(columns, key=abs):  # from the centre outwards
        nearer = tree.children if layer < 0 else tree.parents
        heights = {}
        for id in columns[layer]:
            near = [order[other] for other in nearer(id) if other in order]
            heights[id] = sum(near) / len(near) if near else 0.0
        columns[layer].sort(key=heights.__getitem__)
        middle = (len(columns[layer]) - 1) / 2
        order |= {id: at - middle for at, id in enumerate(columns[layer])}
    first = min(columns)
    tallest = max(map(len, columns.values()))
    return {
        id: QRectF(
            MARGIN + (member.layer - first) * (CARD_WIDTH + BETWEEN),
            MARGIN + (order[id] + (tallest - 1) / 2) * (CARD_HEIGHT + GAP),
            CARD_WIDTH,
            CARD_HEIGHT,
        )
        for id, member in tree.members.items()
    }


def beside(places: dict[str, QRectF], tree: Tree, id: str, across: int, down: int) -> str:
    """Return the member that an arrow key leads to; ``id`` itself where there is none.

    Args:
        across: -1 for a parent, 1 for a child, the nearest in height.
        down: -1 and 1 for the one above and below in the same generation.
    """
    here = places[id].center().y()
    if across:
        others = tree.parents(id) if across < 0 else tree.children(id)
        return min(others, key=lambda other: abs(places[other].center().y() - here), default=id)
    layer = tree.members[id].layer
    same = [other for other, member in tree.members.items() if member.layer == layer]
    further = [other for other in same if (places[other].center().y() - here) * down > 0]
    return min(further, key=lambda other: abs(places[other].center().y() - here), default=id)
