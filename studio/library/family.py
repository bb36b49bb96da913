"""The family tree of a result, its sources and derivatives, as a graph to draw.

Parents are results or messages of a conversation. A message is the parent of everything made from
it, and of the results of the job that wrote it. Damaged libraries have cycles and missing parents.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from studio.library.rows import Artifact, Message, readable
from studio.library.storage.database import Database

GENERATIONS = 4
"""So many are shown in each direction; one step further and others come into view."""
SHOWN = 12
"""Of a large family the latest; how many more there are is told."""
MOST = 200
"""Members that are shown at most."""

_IDS = "(SELECT value FROM json_each(?1))"
_PARENTS = f"""
    SELECT child, parent FROM artifact_inputs WHERE child IN {_IDS}
    UNION SELECT artifacts.id, messages.id FROM artifacts JOIN messages
        ON messages.record <> '' AND messages.record = artifacts.record
        WHERE artifacts.id IN {_IDS}
    ORDER BY 1, 2
"""
_CHILDREN = f"""
    SELECT parent, child FROM artifact_inputs WHERE parent IN {_IDS}
    UNION SELECT messages.id, artifacts.id FROM messages JOIN artifacts
        ON artifacts.record <> '' AND artifacts.record = messages.record
        WHERE messages.id IN {_IDS}
    ORDER BY 1, 2 DESC
"""


@dataclass
class Member:
    """One of the family.

    Attributes:
        layer: Generations after the one in the centre; below 0 before it.
        artifact, message: What it is; both None for what was erased.
        task: What made it; empty for what a person made, said or brought.
        more_parents, more_children: How many are not shown.
    """

    id: str
    layer: int
    artifact: Artifact | None = None
    message: Message | None = None
    task: str = ""
    more_parents: int = 0
    more_children: int = 0

    @property
    def is_erased(self) -> bool:
        """Whether nothing is left of it but that it was there."""
        return self.artifact is None and self.message is None

    @property
    def title(self) -> str:
        """The title to display; may be empty."""
        if self.message is not None:
            return " ".join(self.message.content.split())[:120]
        artifact = self.artifact
        return (
            " ".join((artifact.title or artifact.prompt or artifact.text).split())[:120]
            if artifact
            else ""
        )


@dataclass
class Tree:
    """A family around one of its members.

    Attributes:
        members: By id, the nearest first.
        edges: (parent, child) between members.
    """

    centre: str
    members: dict[str, Member] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)

    def parents(self, id: str) -> list[str]:
        """Return the parents of a member that are shown."""
        return [parent for parent, child in self.edges if child == id]

    def children(self, id: str) -> list[str]:
        """Return the children of a member that are shown."""
        return [child for parent, child in self.edges if parent == id]

    def is_circular(self, parent: str, child: str) -> bool:
        """Whether an edge leads back: of a circle there is one such at least."""
        return self.members[parent].layer >= self.members[child].layer


class FamilyTrees:
    """Reads the families of a library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def around(self, id: str, children: int = SHOWN) -> Tree:
        """Return the family around an artifact or a message, a few generations of it.

        Args:
            children: So many of the one in the centre are shown at most, of others ``SHOWN``.
        """
        tree = Tree(id, {id: Member(id, 0)})
        self._walk(tree, _PARENTS, -1, SHOWN)
        self._walk(tree, _CHILDREN, 1, children)
        self._describe(tree.members)
        return tree

    def _walk(self, tree: Tree, sql: str, step: int, first: int) -> None:
        """Add ancestors (``step`` -1) or descendants, generation by generation."""
        front = [tree.centre]
        visited = set(tree.edges)
        for generation in range(1, GENERATIONS + 1):
            members: list[str] = []
            most = first if generation == 1 else SHOWN
            for one, others in self._relatives(sql, front).items():
                shown = [id for id in others if id in tree.members]
                new = [id for id in others if id not in tree.members]
                room = max(0, min(most - len(shown), MOST - len(tree.members)))
                for id in shown + new[:room]:
                    edge = (id, one) if step < 0 else (one, id)
                    if edge not in visited:
                        visited.add(edge)
                        tree.edges.append(edge)
                    if id not in tree.members:
                        tree.members[id] = Member(id, step * generation)
                        members.append(id)
                self._fold(tree.members[one], step, len(new) - len(new[:room]))
            front = members
        for one, others in self._relatives(sql, front).items():
            self._fold(tree.members[one], step, len([o for o in others if o not in tree.members]))

    def _relatives(self, sql: str, ids: list[str]) -> Mapping[str, list[str]]:
        relatives: defaultdict[str, list[str]] = defaultdict(list)
        if ids:
            for row in self._database.all(sql, json.dumps(ids)):
                relatives[row[0]].append(row[1])
        return relatives

    @staticmethod
    def _fold(member: Member, step: int, count: int) -> None:
        if step < 0:
            member.more_parents = count
        else:
            member.more_children = count

    def _describe(self, members: Mapping[str, Member]) -> None:
        """Fill in the descriptions of the members and of the jobs that made them."""
        for row in self._rows(
            "SELECT artifacts.*, coalesce(records.task, '') AS task FROM artifacts"
            " LEFT JOIN records ON records.id = artifacts.record"
            f" WHERE artifacts.id IN {_IDS}",
            members,
        ):
            member = members[row["id"]]
            member.artifact, member.task = readable(Artifact, row), row["task"]
        for row in self._rows(f"SELECT * FROM messages WHERE id IN {_IDS}", members):
            members[row["id"]].message = readable(Message, row)

    def _rows(self, sql: str, ids: Iterable[str]) -> list[sqlite3.Row]:
        return self._database.all(sql, json.dumps(list(ids)))
