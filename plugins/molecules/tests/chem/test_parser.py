"""Text from outside becomes a structure, or one sentence."""

from __future__ import annotations

import msgspec
import pytest
from rdkit import Chem

from studio.api import BadInput
from studio_molecules.chem import file_reader, parser


@pytest.mark.parametrize(
    ("smiles", "said"),
    [
        ("", "There is no SMILES"),
        ("C" * 1_000_000, "too long"),
        ("C1CC", "ring 1 is not closed"),
        ("C(C", r"parentheses \( \) do not match"),
        ("[NH4", r"brackets \[ \] do not match"),
        ("hello world", "cannot be read"),
        ("c1cccc1", "aromatic rings"),
        ("C(C)(C)(C)(C)C", "has too many bonds"),
        ("[Pt](Cl)Cl", "contains Pt"),
        ("*CC", "open valences"),
        ("*", "open valences"),
        ("[H][H]", "contains only hydrogen"),
        ("C" * 400, "400 heavy atoms"),
    ],
)
def test_what_cannot_be_is_told(smiles: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        parser.parse(smiles)


def test_the_largest_part_of_a_salt_is_kept_and_said() -> None:
    found = parser.parse("CC(=O)[O-].[Na+]")
    assert found.smiles == "CC(=O)O"
    assert "largest part" in found.remark


def test_the_same_molecule_has_one_name() -> None:
    assert parser.parse("OCC").smiles == parser.parse("C(C)O").smiles


def test_drawn_hydrogens_are_no_atoms_of_their_own() -> None:
    assert parser.parse("[H]OC([H])([H])C").smiles == "CCO"
    assert parser.parse("[2H]C([H])([H])O").smiles == "[2H]CO"


def last(data: bytes, suffix: str) -> file_reader.Reading:
    *_, found = file_reader.read(data, suffix, "file")
    return found


def test_rows_hold_plain_data_only() -> None:
    """A molecule of RDKit in each took 5 GB for the largest list."""
    record = (
        "ethanol\n\n\n  3  2  0  0  0  0            999 V2000\n"
        "    0.0000    0.0000    0.0000 C   0  0\n    1.5000    0.0000    0.0000 C   0  0\n"
        "    2.0000    1.2000    0.0000 O   0  0\n  1  2  1  0\n  2  3  1  0\nM  END\n"
    )
    for data, suffix in ((b"CCO a\nCCN.Cl b\n", ".smi"), (record.encode(), ".sdf")):
        for row in last(data, suffix).rows:
            assert msgspec.json.decode(msgspec.json.encode(row))["smiles"] == row.smiles


def test_bad_rows_of_smiles_are_listed_by_line() -> None:
    found = last(b"CCO ethanol\n# remark\nC1CC bad\n\nCCN amine of two\n", ".smi")
    assert [(row.line, row.name) for row in found.rows] == [(1, "ethanol"), (5, "amine of two")]
    assert [fault.line for fault in found.faults] == [3]


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_a_table_names_its_column(sign: str) -> None:
    rows = [("id", "SMILES", "x"), ("a", "CCO", "1"), ("b", "nonsense", "2"), ("c",)]
    text = "\n".join(sign.join(row) for row in rows)
    found = last(text.encode(), ".csv")
    assert [(row.line, row.name, row.smiles) for row in found.rows] == [(2, "a", "CCO")]
    assert [fault.line for fault in found.faults] == [3, 4]


TABLES = {
    "no header": "CCO,ethanol\nCCN,amine",
    "a sign within quotes": '"name","mass, g/mol","Isomeric SMILES"\nethanol,46,CCO\namine,45,CCN',
    "lines of an old Mac": "smiles,name\rCCO,ethanol\rCCN,amine",
    "an open quotation mark": 'smiles,name\nCCO,"ethanol\nCCN,amine',
    "a header of great length": f"smiles,name,{'x' * 200_000}\nCCO,ethanol\nCCN,amine",
}


@pytest.mark.parametrize("text", TABLES.values(), ids=TABLES)
def test_no_row_of_an_odd_table_is_lost(text: str) -> None:
    found = last(text.encode(), ".csv")
    told = [(row.smiles, row.name) for row in found.rows]
    assert told == [("CCO", "ethanol"), ("CCN", "amine")]
    assert not found.faults


def test_numbers_beside_a_molecule_are_kept_and_none_is_taken_for_ours() -> None:
    table = "id,SMILES,pIC50,mw,LogP,note\n7,CCO,6.5,46,-0.3,active\n8,CCN,nan,45,,\n9,CCC"
    rows = last(table.encode(), ".csv").rows
    assert [(row.name, dict(row.figures)) for row in rows] == [
        ("7", {"id": 7, "pIC50": 6.5, "mw (file)": 46, "LogP (file)": -0.3}),
        ("8", {"id": 8, "mw (file)": 45}),
        ("9", {"id": 9}),
    ]
    assert [dict(row.words) for row in rows] == [{"note": "active"}, {"pIC50": "nan"}, {}]
    fields = ">  <pIC50>  (1)\n6.5\n\n> <note>\nactive\n\n> <qed>\n0.4\n"
    (row,) = last(f"{MOLFILE}{fields}$$$$\n".encode(), ".sdf").rows
    assert row.figures == {"pIC50": 6.5, "qed (file)": 0.4}
    assert row.words == {"note": "active"}


def test_a_field_of_several_lines_is_kept_whole() -> None:
    fields = "> <remark>\nfirst\nsecond\n\n> <batch>\nA-1\n\n"
    (row,) = last(f"{MOLFILE}{fields}$$$$\n".encode(), ".sdf").rows
    assert row.words == {"remark": "first\nsecond", "batch": "A-1"}


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_names_are_read_as_other_programs_save_them(coding: str) -> None:
    text = "smiles;name;Laborant\nCCO;Äthanol;Müller\n"
    (row,) = last(text.encode(coding), ".csv").rows
    assert (row.name, dict(row.words)) == ("Äthanol", {"Laborant": "Müller"})


MOLFILE = """ethanol
  test

  3  2  0  0  0  0  0  0  0  0999 V2000
    0.0000    0.0000    0.0000 C   0  0  0  0  0  0
    1.5000    0.0000    0.0000 C   0  0  0  0  0  0
    2.0000    1.4000    0.0000 O   0  0  0  0  0  0
  1  2  1  0
  2  3  1  0
M  END
"""


def test_a_lie_about_counts_spoils_one_record_only() -> None:
    liar = MOLFILE.replace("  3  2", "999999")
    data = f"{MOLFILE}$$$$\n{liar}$$$$\n{MOLFILE}$$$$\n".encode()
    found = last(data, ".sdf")
    assert [row.name for row in found.rows] == ["ethanol", "ethanol"]
    assert [fault.line for fault in found.faults] == [12]


def test_hydrogens_of_a_record_are_not_kept() -> None:
    drawn = MOLFILE.replace("C   0  0", "H   0  0", 1)
    (row,) = last(drawn.encode(), ".mol").rows
    assert row.smiles == "CO"


def test_a_record_without_a_name_is_read() -> None:
    data = f"{MOLFILE}$$$$\n{MOLFILE.removeprefix('ethanol')}$$$$\n".encode()
    assert [row.smiles for row in last(data, ".sdf").rows] == ["CCO", "CCO"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x89PNG\0\0", "not a text file"),
        (b"", "no valid molecule"),
        (b"C1CC\n", "First error in line 1"),
        (b"x" * (file_reader.MAX_BYTES + 1), "too large"),
    ],
)
def test_a_file_without_molecules_says_why(data: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        last(data, ".smi")


IMPOSSIBLE = ("[CH99999]", "[CH255]", "[#999]")


@pytest.mark.parametrize("smiles", IMPOSSIBLE)
def test_numbers_that_no_atom_has_spoil_their_own_row_only(smiles: str) -> None:
    *_, found = file_reader.read(f"CCO ethanol\n{smiles} odd\nCCN\n".encode(), ".smi", "x")
    assert [row.smiles for row in found.rows] == ["CCO", "CCN"]
    assert [(fault.line, "valid molecule" in fault.reason) for fault in found.faults] == [(2, True)]


def test_rdkit_still_says_so_in_its_own_way() -> None:
    """The control: where it does not any more, the test above shows nothing."""
    for smiles in IMPOSSIBLE:
        with pytest.raises(RuntimeError, match="Pre-condition"):
            Chem.DetectChemistryProblems(Chem.MolFromSmiles(smiles, sanitize=False))


@pytest.mark.parametrize("text", ["[Na+].[Cl-]", "[NH4+].[Cl-]", "[Cl-]", "[K+].[I-].O"])
def test_what_has_no_carbon_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(BadInput, match="is inorganic: it has no carbon"):
        parser.parse(text)


def test_a_salt_becomes_its_neutral_parent_and_a_repeat_of_it() -> None:
    aspirin = parser.parse("CC(=O)Oc1ccccc1C(=O)O").smiles
    found = parser.parse("[Na+].CC(=O)Oc1ccccc1C(=O)[O-]")
    assert found.smiles == aspirin
    assert "charges were neutralised" in found.remark
    assert found.original == Chem.CanonSmiles("[Na+].CC(=O)Oc1ccccc1C(=O)[O-]")
    assert parser.parse("Cl.CCN").smiles == parser.parse("CC[NH3+]").smiles == "CCN"
    assert parser.parse("C[N+](C)(C)C.[Br-]").smiles == "C[N+](C)(C)C", "it has no neutral form"
    assert parser.parse("O=[N+]([O-])c1ccccc1").remark == "", "a nitro group stays as it is"


def test_tautomers_share_one_that_stands_for_all() -> None:
    assert parser.tautomer("Oc1ccccn1") == parser.tautomer("O=c1cccc[nH]1")
