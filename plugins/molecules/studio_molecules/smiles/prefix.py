"""The beginning of a SMILES, and which token may follow it: bookkeeping of atoms. Pure Python.

It refuses what can never become a molecule: a branch or a ring closed that is not open, an end
while one is, more bonds than an atom can have, and aromatic rings to which double bonds cannot be
given out, one to each atom that needs it: the perfect matching behind Kekulé's formulas. It knows
neutral atoms; of charged ones in brackets it believes everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from studio_molecules.smiles.vocabulary import END

_ROOM: Final = {
    "B": 3, "C": 4, "N": 3, "O": 2, "P": 5, "S": 6, "F": 1, "Cl": 1, "Br": 1, "I": 1, "[H]": 1,
    "c": 3, "n": 3, "o": 2, "s": 2, "[nH]": 2,
}  # fmt: skip
"""Bonds that an atom can have; an aromatic one beside its share of a double bond."""
_ORDERS: Final = {"-": 1, "/": 1, "\\": 1, ":": 1, "=": 2, "#": 3, "$": 4}
_BONDS: Final = ("bond", "bond of a branch")


class Token(NamedTuple):
    """Meaning of a token: ``kind`` is ``atom bond ring ( ) . end`` or empty, for none of these."""

    kind: str
    text: str


def meanings(tokens: Sequence[str]) -> list[Token]:
    """Return what each token of a vocabulary means, in its order."""
    return [Token("end" if number == END else _kind(t), t) for number, t in enumerate(tokens)]


def _kind(text: str) -> str:
    if text in _ORDERS:
        return "bond"
    if text in ("(", ")", "."):
        return text
    if text[0] in "%0123456789":
        return "ring"
    return "" if text[0] == "<" else "atom"


class _Atom:
    """An atom and its bonds.

    Attributes:
        room: For further bonds; None for an atom that nothing is known of.
        near: Atoms that it has a bond with; ``ring`` are those of aromatic bonds.
        opened: Rings that begin here and are not closed.
        has_share: Whether its share of a double bond is not spent on a bond out of the ring.
    """

    __slots__ = ("has_share", "is_aromatic", "near", "opened", "ring", "room", "text")

    def __init__(self, text: str) -> None:
        self.text, self.room = text, _ROOM.get(text)
        self.is_aromatic, self.has_share = text.lstrip("[")[0].islower(), text == "c"
        self.near: list[_Atom] = []
        self.ring: list[_Atom] = []
        self.opened = 0

    def bind(self, bond: str) -> bool:
        """Use room for a bond; return whether there was any."""
        if self.room is None:
            return True
        order = _ORDERS.get(bond, 1)
        if order > 1 and self.is_aromatic:
            if order > 2 or not self.has_share:
                return False
            self.has_share, order = False, 1
        self.room -= order
        return self.room >= 0

    def has_room(self) -> bool:
        """Whether it can have another bond."""
        return self.room is None or self.room > 0

    def seeks(self) -> bool:
        """Whether it needs a double bond in its ring; n does without a third bond."""
        return self.has_share or (self.text == "n" and self.room != 0)


class Prefix:
    """Parser state of a partial SMILES."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        """``tokens``: from ``meanings``."""
        self._tokens, self._written = tokens, list[int]()
        self._begin()

    def _begin(self) -> None:
        self._at: _Atom | None = None
        self._last, self._bond = ".", ""
        self._branches: list[_Atom] = []
        self._rings: dict[str, tuple[_Atom, str]] = {}

    def take(self, number: int) -> bool:
        """Write a token where it may stand here; return whether it may."""
        if self._take(self._tokens[number]):
            self._written.append(number)
            return True
        self._begin()
        for token in self._written:  # rare, and simpler than to undo
            self._take(self._tokens[token])
        return False

    def _take(self, token: Token) -> bool:
        return self._is_taken(token) and self._goes_on()

    def _is_taken(self, token: Token) -> bool:
        kind, last = token.kind, self._last
        self._last = "bond of a branch" if (last, kind) == ("(", "bond") else kind
        if kind == "atom":
            return self._take_atom(_Atom(token.text))
        if self._at is None or not kind:
            return False
        if kind == "ring":
            return last in ("atom", "ring", "bond") and self._take_ring(token.text, self._at)
        if kind == "bond":
            self._bond = token.text
            return last not in _BONDS and self._is_promising(self._at, token.text)
        if last in _BONDS or last == "(":
            return False
        if kind == "(":
            self._branches.append(self._at)
            return any(self._is_promising(self._at, bond) for bond in "-=")
        if kind == ")":
            return bool(self._branches) and self._leave(self._branches.pop())
        if self._branches or (kind == "end" and self._rings):
            return False
        return self._leave(None)

    def _goes_on(self) -> bool:
        """Whether there is room for what must still come: the ends of rings."""
        if not self._rings or self._at is None:
            return True
        return any(atom.has_room() for atom in (self._at, *self._branches))

    def _leave(self, new: _Atom | None) -> bool:
        """Go on at another atom; return whether the one before can stay as it is."""
        left, self._at = self._at, new
        return left is None or self._is_settled(left)

    def _take_atom(self, new: _Atom) -> bool:
        at, bond = self._at, self._bond
        if at is None:
            self._at = new
            return True
        self._bond = ""
        if not (self._rings or bond) and at.is_aromatic and new.is_aromatic:
            return False  # an aromatic bond that is in no ring
        if not (at.bind(bond) and new.bind(bond)):
            return False
        _join(at, new, bond)
        return self._leave(new)

    def _take_ring(self, digit: str, at: _Atom) -> bool:
        bond, self._bond = self._bond, ""
        if not at.bind(bond) or (at.is_aromatic and bond == "="):
            return False
        if digit not in self._rings:
            self._rings[digit] = at, bond
            at.opened += 1
            return True
        first, used = self._rings.pop(digit)
        first.opened -= 1
        if bond != used:
            if bond and used:
                return False
            late = first if bond else at  # it was bound as if the bond were single
            if late.room is not None:
                late.room += 1
            if not late.bind(bond or used):
                return False
        if first is at or at in first.near:
            return False
        _join(first, at, bond or used)
        return self._is_settled(first)

    def _is_promising(self, atom: _Atom, bond: str) -> bool:
        """Return whether the current atom may have this bond, as far as known."""
        if atom.room is None:
            return True
        room, share = atom.room, atom.has_share
        fits = atom.bind(bond) and self._is_settled(atom)
        atom.room, atom.has_share = room, share
        return fits

    def _is_open(self, atom: _Atom) -> bool:
        """Whether something can still be added to an atom."""
        if atom.opened or atom.room is None:
            return True
        return atom.room > 0 and (atom is self._at or atom in self._branches)

    def _is_settled(self, atom: _Atom) -> bool:
        """Whether the aromatic ring of an atom that was left has its double bonds, or can yet."""
        if not atom.is_aromatic or self._is_open(atom):
            return True
        if len(atom.ring) < 2:  # in no ring at all
            return False
        system, todo = {atom}, [atom]
        while todo:
            for neighbour in todo.pop().ring:
                if neighbour not in system:
                    system.add(neighbour)
                    todo.append(neighbour)
        if any(neighbour.room is None for neighbour in system):
            return True
        seeking = {neighbour for neighbour in system if neighbour.seeks()}
        yet = {neighbour for neighbour in seeking if self._is_open(neighbour)}
        return _is_matched(seeking - yet, yet)


def _join(one: _Atom, other: _Atom, bond: str) -> None:
    one.near.append(other)
    other.near.append(one)
    if one.is_aromatic and other.is_aromatic and bond in ("", ":"):
        one.ring.append(other)
        other.ring.append(one)


def _is_matched(atoms: set[_Atom], others: set[_Atom]) -> bool:
    """Whether each of ``atoms`` can have a neighbour for itself, of them or of ``others``."""
    if not atoms:
        return True
    free = atoms | others
    atom = min(atoms, key=lambda candidate: sum(near in free for near in candidate.ring))
    return any(
        _is_matched(atoms - {atom, near}, others - {near}) for near in atom.ring if near in free
    )
