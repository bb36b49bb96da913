"""Molfiles (V2000) of drawn structures, read and written without RDKit, for the window has none.

Source: CTfile Formats, BIOVIA 2020, chapters 3 and 4.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from studio.api import BadInput
from studio_molecules.sketch.structure import ATTACHMENT, LIST, Atom, Bond, Structure

_HEADER = ("", "  studio", "")
_MOST = 999
"""Atoms and bonds that the format can count."""
_PER_LINE = 8
_OLD_CHARGES = {1: 3, 2: 2, 3: 1, 5: -1, 6: -2, 7: -3}
"""The column of an atom that newer files leave at 0 → charge; 4 is a radical."""
_ATTACHMENTS = {"*", "R", ATTACHMENT}


def write(structure: Structure) -> str:
    """Return the molfile of a structure.

    Raises:
        BadInput: It has more than 999 atoms or bonds.
    """
    if max(len(structure.atoms), len(structure.bonds)) > _MOST:
        raise BadInput(f"A drawing can have {_MOST} atoms.", "Remove a part of it.")
    counts = f"{len(structure.atoms):3}{len(structure.bonds):3}  0  0  1  0  0  0  0  0999 V2000"
    atoms = [
        f"{atom.x:10.4f}{atom.y:10.4f}{0:10.4f} {atom.symbol:3}" + " 0" + "  0" * 11
        for atom in structure.atoms
    ]
    bonds = [
        f"{bond.begin + 1:3}{bond.end + 1:3}{bond.order:3}{bond.stereo:3}"
        for bond in structure.bonds
    ]
    lines = [*_HEADER, counts, *atoms, *bonds, *_properties(structure.atoms), "M  END"]
    return "\n".join(lines) + "\n"


def _properties(atoms: Sequence[Atom]) -> Iterator[str]:
    values = {
        "CHG": [(place, atom.charge) for place, atom in enumerate(atoms, 1) if atom.charge],
        "RAD": [(place, atom.radical) for place, atom in enumerate(atoms, 1) if atom.radical],
        "ISO": [(place, atom.isotope) for place, atom in enumerate(atoms, 1) if atom.isotope],
        "RGP": [
            (place, atom.label or 1)
            for place, atom in enumerate(atoms, 1)
            if atom.symbol == ATTACHMENT
        ],
    }
    for name, pairs in values.items():
        for start in range(0, len(pairs), _PER_LINE):
            part = pairs[start : start + _PER_LINE]
            yield f"M  {name}{len(part):3}" + "".join(f"{at:4}{value:4}" for at, value in part)
    for place, atom in enumerate(atoms, 1):
        if atom.symbol == LIST:
            names = "".join(f"{symbol:4}" for symbol in atom.choices)
            yield f"M  ALS {place:3}{len(atom.choices):3} {'T' if atom.excluded else 'F'} {names}"


def read(text: str) -> Structure:
    """Return the structure in a molfile.

    Raises:
        BadInput: It is no V2000 molfile, or is cut off.
    """
    lines = text.splitlines()
    try:
        start = next(number for number, line in enumerate(lines) if "V2000" in line)
        atoms, bonds = int(lines[start][:3]), int(lines[start][3:6])
        first = start + 1
        read_atoms = [_atom(lines[first + number]) for number in range(atoms)]
        read_bonds = [_bond(lines[first + atoms + number], atoms) for number in range(bonds)]
        values = _values(lines[first + atoms + bonds :])
    except (StopIteration, ValueError, IndexError) as error:
        raise BadInput(
            "This is not a molfile that can be read.", "Copy it again, as V2000 or as SMILES."
        ) from error
    return Structure(tuple(_with_values(read_atoms, values)), tuple(read_bonds))


def _atom(line: str) -> Atom:
    x, y, symbol = float(line[:10]), float(line[10:20]), line[31:34].strip()
    if not symbol or abs(x) > 1e6 or abs(y) > 1e6:
        raise ValueError(line)
    charge = _OLD_CHARGES.get(int(line[36:39] or 0), 0)
    if symbol in _ATTACHMENTS or (symbol[0] == "R" and symbol[1:].isdigit()):
        label = int(symbol[1:]) if symbol[1:].isdigit() else int(line[60:63].strip() or 0)
        return Atom(ATTACHMENT, x, y, charge, label=label)
    return Atom(symbol, x, y, charge, isotope=2 if symbol == "D" else 0)


def _bond(line: str, atoms: int) -> Bond:
    begin, end, order = (int(line[at : at + 3]) for at in (0, 3, 6))
    if begin == end or not (1 <= begin <= atoms and 1 <= end <= atoms):
        raise ValueError(line)
    return Bond(begin - 1, end - 1, order, int(line[9:12].strip() or 0))


_Values = Mapping[str, Mapping[int, str]]


def _values(lines: Sequence[str]) -> _Values:
    """Return the lines of properties: their names, then places of atoms → values."""
    result: dict[str, dict[int, str]] = defaultdict(dict)
    for line in lines:
        name, rest = line[3:6], line[6:]
        if line.startswith("M  END"):
            break
        if line.startswith("M  ALS"):
            result[name][int(rest[:4]) - 1] = rest[4:]
        elif line.startswith("M  ") and name in ("CHG", "RAD", "ISO", "RGP"):
            parts = rest[3:].split()
            result[name] |= {int(at) - 1: value for at, value in zip(parts[::2], parts[1::2])}
    return result


def _with_values(atoms: Sequence[Atom], values: _Values) -> Iterator[Atom]:
    new_style = "CHG" in values or "RAD" in values  # they put the old columns out of force
    for place, atom in enumerate(atoms):
        charge = 0 if new_style else atom.charge
        atom = replace(
            atom,
            charge=int(values["CHG"].get(place, charge)),
            radical=int(values["RAD"].get(place, 0)),
            isotope=int(values["ISO"].get(place, atom.isotope)),
            label=int(values["RGP"].get(place, atom.label)),
        )
        if place in values["ALS"]:
            line = values["ALS"][place]
            count, names = int(line[:3]), line[6:]
            choices = tuple(names[4 * index : 4 * index + 4].strip() for index in range(count))
            atom = replace(atom, symbol=LIST, choices=choices, excluded=line[4:5] == "T")
        yield atom
