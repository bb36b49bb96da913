"""Strings from the model, a batch at a time, one token a step."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Final, NamedTuple

import torch
from torch import Tensor

from studio.api import Event, Rung, TaskContext
from studio_molecules.smiles.network import MAX_LENGTH
from studio_molecules.smiles.vocabulary import END, PAD, START, Vocabulary
from studio_molecules.smiles.weights import SmilesModel

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


BATCH = 256
_LEAST = 1e-6
"""A string is given up when the network had so little left for what may stand in it."""
HALVINGS = 5
"""So often a batch is halved at most where memory is short."""


def sample(
    model: SmilesModel,
    count: int,
    rng: torch.Generator,
    *,
    temperature: float = 1.0,
    starts: Sequence[str] = (),
    is_checked: bool = True,
) -> Iterator[list[str] | None]:
    """Yield None at every step, then ``count`` strings; some are no valid SMILES.

    Args:
        starts: What each string begins with; one a string, or none.
        is_checked: Whether tokens that can never become a molecule are left out of each draw, as
            ``Prefix`` has them; without it the network writes whatever it would.

    What is in ``starts`` counts as written: it is part of the result. Strings that the vocabulary
    does not know begin empty.
    """
    prefixes = [model.vocabulary.encode(start) or [] for start in starts] or [[]] * count
    if len({len(start) for start in prefixes}) > 1:
        raise ValueError("all strings of a batch begin with the same number of tokens")
    rows = torch.tensor([[START, *start] for start in prefixes])
    written = [rows[:, 1:]] if rows.shape[1] > 1 else []
    device = next(model.network.parameters()).device
    state = model.network.begin(count)
    check = _Check(model.vocabulary, prefixes) if is_checked else None
    token, done = rows, torch.zeros(count, dtype=torch.bool)
    for _ in range(MAX_LENGTH - rows.shape[1]):
        chances = _next(model, token.to(device), state, temperature).to(rng.device)
        token = torch.multinomial(chances, 1, generator=rng)
        if check:
            check(token, chances, rng)
        token = token.masked_fill(done[:, None], PAD)
        done |= token[:, 0] <= END
        written.append(token)
        if done.all():
            break
        yield None
    table = torch.cat(written, 1)
    yield [model.vocabulary.decode(row) if END in row else "" for row in table.tolist()]


def strings(
    ctx: TaskContext,
    model: SmilesModel,
    count: int,
    rng: torch.Generator,
    says: Callable[[], Event],
    *,
    start: str = "",
    temperature: float = 1.0,
) -> Generator[Event, None, list[str]]:
    """Yield ``says()`` at every step; return ``count`` strings, or fewer if memory is short.

    All of them begin with ``start``. Whoever gets fewer had better ask for no more the next time.
    """
    state = rng.get_state()

    def body(size: int) -> Generator[Event, None, list[str]]:
        rng.set_state(state)
        batch: list[str] = []
        for step in sample(model, size, rng, temperature=temperature, starts=[start] * size):
            yield says()
            batch = step or batch
        return batch

    return (yield from ctx.ladder(fewer(count, "strings at a time"), body))


def fewer(count: int, what: str) -> list[Rung[int]]:
    """Return rungs from ``count`` down, each half of the one above."""
    sizes = [count >> halvings for halvings in range(HALVINGS)]
    return [Rung(size, f"{size} {what}") for size in sizes if size]


def _next(model: SmilesModel, token: Tensor, state: object, temperature: float) -> Tensor:
    """Return how likely each token is to be the next of every string, (count, vocabulary)."""
    with torch.inference_mode():
        logits = model.network(token, state)[:, -1].float() / temperature
        logits[:, [PAD, START]] = -torch.inf
        chances: Tensor = logits.softmax(-1)
        return chances


class _Check:
    """Draws the tokens of strings anew that may not stand where they are, as ``Prefix`` has it.

    That is as if they had no chance at all. A string for which the network has little else left is
    given up: padding stands for its end.
    """

    def __init__(self, vocabulary: Vocabulary, starts: Sequence[Sequence[int]]) -> None:
        """``starts``: what each string begins with; one that is no SMILES is not checked."""
        tokens = meanings(vocabulary.tokens)
        self._open = dict(enumerate(Prefix(tokens) for _ in starts))
        self._shares = [1.0] * len(starts)
        for row, start in enumerate(starts):
            if not all(map(self._open[row].take, start)):
                del self._open[row]

    @torch.inference_mode()
    def __call__(self, token: Tensor, chances: Tensor, rng: torch.Generator) -> None:
        """Change ``token``, (count, 1), drawn from ``chances``, (count, vocabulary)."""
        wrong, shares = list(self._open), dict[int, float]()
        while wrong:
            drawn = token[:, 0].tolist()
            wrong = [row for row in wrong if not self._open[row].take(drawn[row])]
            chances[wrong, token[wrong, 0]] = 0
            for row, left in zip(list(wrong), chances[wrong].sum(-1).tolist()):
                if left * self._shares[row] < _LEAST:
                    wrong.remove(row)
                    del self._open[row]
                    token[row] = PAD
                shares[row] = left
            if wrong:
                token[wrong] = torch.multinomial(chances[wrong], 1, generator=rng)
        for row, left in shares.items():
            self._shares[row] *= left
        for row, number in enumerate(token[:, 0].tolist()):
            if number == END:
                self._open.pop(row, None)
