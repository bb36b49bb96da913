"""Files as other programs write them, in and out again: no column, name or ID is lost."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import AllChem

from studio.testing.plugins import Made, run_task
from studio_molecules.chem import file_reader
from studio_molecules.molecule import Molecule, from_csv, to_csv
from studio_molecules.schema import Draw, Export, Predict
from studio_molecules.tasks import depiction, export, prediction


def read(data: bytes, suffix: str) -> list[file_reader.Row]:
    *_, found = file_reader.read(data, suffix, "file")
    return found.rows


def molblock(smiles: str, title: str, *, in_space: bool = False) -> str:
    mol: Any = Chem.MolFromSmiles(smiles)
    if in_space:
        mol = Chem.AddHs(mol)
        AllChem.EmbedMolecule(mol, randomSeed=7)
    else:
        AllChem.Compute2DCoords(mol)
    mol.SetProp("_Name", title)
    return str(Chem.MolToMolBlock(mol))


def pubchem_sdf() -> bytes:
    return (
        molblock("CC(=O)Oc1ccccc1C(=O)O", "2244", in_space=True)
        + "> <PUBCHEM_COMPOUND_CID>\n2244\n\n> <PUBCHEM_CONFORMER_RMSD>\n0.60\n\n"
        + "> <PUBCHEM_IUPAC_NAME>\n2-acetyloxybenzoic acid\n\n"
        + "> <PUBCHEM_COORDINATE_TYPE>\n2\n5\n10\n\n$$$$\n"
    ).encode()


def rdkit_sdf() -> bytes:
    file = io.StringIO()
    writer = Chem.SDWriter(file)
    mol = Chem.MolFromSmiles("CCO")
    for name, value in {"_Name": "ZINC000000000012", "dock": "-7.10", "ID": "0012"}.items():
        mol.SetProp(name, value)
    writer.write(mol)
    writer.close()
    return file.getvalue().encode()


def moe_sdf() -> bytes:
    record = molblock("c1ccccc1N", "aniline_1") + "> <mseq>\n1\n\n> <b_1rotN>\n0\n\n$$$$\n"
    return record.replace("\n", "\r\n").encode()


def kekule_sdf_of_marvin() -> bytes:
    fields = ">  <Corp ID>  (C-0007) \r\nC-0007\r\n\r\n>  <Note <b>>\r\nsee <p. 3>\r\n\r\n"
    return (molblock("CCN", "").replace("\n", "\r\n") + fields + "$$$$\r\n").encode("cp1252")


def excel_sheet() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.append(["Compound", "SMILES", "IC50 (nM)", "Batch", "Remark"])
    sheet.append(["Äthanol", "CCO", 12.5, "007", "=1+1"])
    sheet.append(["amine", "CCN", None, None, "fine"])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


CHEMBL = (
    '"ChEMBL ID";"Name";"Synonyms";"Max Phase";"Smiles"\n'
    '"CHEMBL25";"ASPIRIN";"Acetosal|Aspro";"4";"CC(=O)Oc1ccccc1C(=O)O"\n'
    '"CHEMBL545";"";"";"";"CCO"\n'
)
DATAWARRIOR = (
    "Structure\tCompound No\tSmiles\tpIC50\tComment\r\n"
    'fdy@@@\t101\tCCO\t6.50\t"two\nlines"\r\nfdy@A@\t102\tCCN\t>7\t\r\n'
)
KNIME = '"row ID","Molecule","Activity","Class"\n"Row0","CCO","1E5","a,b"\n"Row1","CCN",,"c"\n'
EXCEL = "sep=;\r\nBezeichnung;Smiles;IC50 (µM);Datum\r\nÄthanol;CCO;6,5;31.01.2024\r\n;CCN;12;\r\n"
MOE = 'mol,mseq,"S log P"\nCCO,1,-0.0014\nCCN,2,-0.0350\n'
SCHRODINGER = "SMILES,title,r_i_docking_score,score,logp\nCCO,lig-1,-7.10,3,0.4\n"
SPACED = "SMILES Name\nCCO ethanol of the cellar\nCCN amine\n"
NUMBERED = "smiles,name,Value,Value,\nCCO,e,1,2,x\n"

CASES: dict[str, tuple[bytes, str, str, dict[str, str]]] = {
    # file, ending, name, and what stands beside the first molecule
    "ChEMBL": (
        CHEMBL.encode(),
        ".csv",
        "ASPIRIN",
        {"ChEMBL ID": "CHEMBL25", "Synonyms": "Acetosal|Aspro", "Max Phase": "4"},
    ),
    "DataWarrior": (
        DATAWARRIOR.encode(),
        ".txt",
        "101",
        {"Structure": "fdy@@@", "Compound No": "101", "pIC50": "6.50", "Comment": "two\nlines"},
    ),
    "KNIME": (
        KNIME.encode(),
        ".csv",
        "Row0",
        {"row ID": "Row0", "Activity": "1E5", "Class": "a,b"},
    ),
    "Excel in Europe": (
        EXCEL.encode("cp1252"),
        ".csv",
        "",
        {"Bezeichnung": "Äthanol", "IC50 (µM)": "6.5", "Datum": "31.01.2024"},
    ),
    "Excel as Unicode text": (
        EXCEL.replace("sep=;\r\n", "").replace(";", "\t").encode("utf-16"),
        ".txt",
        "",
        {"Bezeichnung": "Äthanol", "IC50 (µM)": "6.5", "Datum": "31.01.2024"},
    ),
    "MOE table": (MOE.encode(), ".csv", "", {"mseq": "1", "S log P": "-0.0014"}),
    "Schrödinger": (
        SCHRODINGER.encode(),
        ".csv",
        "lig-1",
        {"r_i_docking_score": "-7.10", "score (file)": "3", "logp (file)": "0.4"},
    ),
    "Open Babel": (b"CCO\tethanol 95 %\r\nCCN\tamine\r\n", ".smi", "ethanol 95 %", {}),
    "a header of words": (SPACED.encode(), ".smi", "ethanol of the cellar", {}),
    "titles that come twice": (
        NUMBERED.encode(),
        ".csv",
        "e",
        {"Value": "1", "Value (2)": "2", "Column 5": "x"},
    ),
    "RDKit": (rdkit_sdf(), ".sdf", "ZINC000000000012", {"dock": "-7.10", "ID": "0012"}),
    "PubChem": (
        pubchem_sdf(),
        ".sdf",
        "2244",
        {
            "PUBCHEM_COMPOUND_CID": "2244",
            "PUBCHEM_CONFORMER_RMSD": "0.60",
            "PUBCHEM_IUPAC_NAME": "2-acetyloxybenzoic acid",
            "PUBCHEM_COORDINATE_TYPE": "2\n5\n10",
        },
    ),
    "MOE": (moe_sdf(), ".sdf", "aniline_1", {"mseq": "1", "b_1rotN": "0"}),
    "Marvin": (kekule_sdf_of_marvin(), ".sdf", "", {"Corp ID": "C-0007", "Note <b>": "see <p. 3>"}),
}


@pytest.mark.parametrize("case", CASES)
def test_every_column_is_read_and_comes_back_from_every_format(case: str) -> None:
    data, suffix, name, beside = CASES[case]
    rows = read(data, suffix)
    first = molecule_of(rows[0])
    assert (first.name, told(first)) == (name, beside)
    molecules = [molecule_of(row) for row in rows]
    again = from_csv(to_csv(molecules))
    assert again == molecules
    for format in ("csv", "sdf", "xlsx"):
        file = to_csv(molecules) if format == "csv" else exported(molecules, format)
        back = read(file, f".{format}")
        assert len(back) == len(rows), format
        found = told(molecule_of(back[0]))
        if format == "xlsx":  # a number is a number there, without the digits it was shown with
            assert {**found, **{name: beside[name] for name in back[0].figures}} == beside
        else:
            assert found == beside, format
        assert back[0].name == (name or "Molecule 1" * (format == "sdf")), format
        assert back[0].smiles == first.smiles


def molecule_of(row: file_reader.Row) -> Molecule:
    return Molecule(
        row.smiles,
        row.name,
        *row.origin,
        figures=row.figures,
        words=row.words,
        coordinates=row.coordinates,
    )


def told(molecule: Molecule) -> dict[str, str]:
    """What stands beside a molecule, as it is written."""
    figures = {name: f"{value:.15g}" for name, value in molecule.figures.items()}
    return figures | dict(molecule.words)


def exported(molecules: list[Molecule], format: str, **more: Any) -> bytes:
    made = run_task(
        export.export, Export.parse({"format": format} | more), inputs={"table": to_csv(molecules)}
    )
    return made.artifacts[0].payload


def test_a_workbook_is_read_and_no_formula_goes_out() -> None:
    rows = read(excel_sheet(), ".xlsx")
    assert [(row.name, row.figures.get("IC50 (nM)")) for row in rows] == [
        ("Äthanol", 12.5),
        ("amine", None),
    ]
    assert rows[0].words["Batch"] == "007"
    assert "Remark" not in rows[0].words, "a formula without a value is nothing"
    evil = Molecule("CCO", "=HYPERLINK(1)", words={"note": "@SUM(A1)", "id": "-", "t": "'=1"})
    from openpyxl import load_workbook

    sheet = load_workbook(io.BytesIO(exported([evil], "xlsx"))).active
    cells = {cell.value: cell.data_type for row in sheet.iter_rows() for cell in row}
    assert cells["=HYPERLINK(1)"] == cells["@SUM(A1)"] == "s"
    text = to_csv([evil])
    assert b"'=HYPERLINK" in text
    assert b"'@SUM" in text
    assert from_csv(text) == [evil]
    assert read(text, ".csv")[0].name == evil.name


def test_places_in_space_are_kept_and_written_again() -> None:
    (row,) = read(pubchem_sdf(), ".sdf")
    before = Chem.MolFromMolBlock(pubchem_sdf().decode(), removeHs=False)
    molecule = molecule_of(row)
    (mol,) = Chem.ForwardSDMolSupplier(
        io.BytesIO(exported([molecule], "sdf", in_space=True)), removeHs=False
    )
    assert mol.GetNumAtoms() == before.GetNumAtoms() == 21
    places = sorted(before.GetConformer().GetPositions().round(3).tolist())
    assert sorted(mol.GetConformer().GetPositions().round(3).tolist()) == places
    (flat,) = Chem.ForwardSDMolSupplier(io.BytesIO(exported([molecule], "sdf")))
    assert not flat.GetConformer().Is3D()
    (likely,) = Chem.ForwardSDMolSupplier(
        io.BytesIO(exported([Molecule("CCO")], "sdf", in_space=True))
    )
    assert likely.GetConformer().Is3D()


def test_a_drawing_of_a_file_is_kept_wherever_it_is_drawn() -> None:
    drawn = Chem.MolFromSmiles("C[C@H](N)C(=O)O.Cl")
    AllChem.Compute2DCoords(drawn)
    turned = drawn.GetConformer().GetPositions() @ np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1.0]])
    drawn.GetConformer().SetPositions(turned)
    (row,) = read(Chem.MolToMolBlock(drawn).encode(), ".sdf")
    (molecule,) = from_csv(to_csv([molecule_of(row)]))
    kept = molecule_of(row).coordinates
    assert (molecule.smiles, molecule.drawn) == ("C[C@H](N)C(=O)O", kept)
    assert molecule.shape == molecule.smiles, "a drawing is no shape in space"
    (mol,) = Chem.ForwardSDMolSupplier(io.BytesIO(exported([molecule], "sdf")))
    assert Chem.MolToSmiles(mol) == molecule.smiles
    places = {tuple(place) for place in mol.GetConformer().GetPositions().round(2).tolist()}
    assert places <= {tuple(place) for place in turned.round(2).tolist()}
    anew, own = (
        run_task(depiction.draw, Draw.parse({"smiles": [each]})).result["svgs"][0]
        for each in (molecule.smiles, molecule.drawn)
    )
    assert anew != own
    heap = Chem.MolFromSmiles("CCO")
    heap.AddConformer(Chem.Conformer(3))
    (bare,) = read(Chem.MolToMolBlock(heap).encode(), ".sdf")
    assert molecule_of(bare).drawn == "CCO", "all atoms in one place are no drawing"


def test_a_table_of_ours_comes_back_with_its_family() -> None:
    own = Molecule("CCO", "x", "CC", "atom added", 5, {"score": 0.5, "mw": 46.07, "Mine": 1.5})
    for data, suffix in ((to_csv([own]), ".csv"), (exported([own], "sdf"), ".sdf")):
        (row,) = read(data, suffix)
        assert row.origin == ("CC", "atom added", 5)
        assert row.figures == {"score": 0.5, "mw": 46.07, "Mine": 1.5}


def test_all_of_a_salt_stays_beside_its_largest_part() -> None:
    (row,) = read(b"[Na+].CC(=O)[O-] salt\n", ".smi")
    assert row.words == {"SMILES (file)": "CC(=O)[O-].[Na+]"}


REPEATS = "smiles,name,nM,Lab\nCCO,ethanol,1100,A\nOCC,spirit,1200,B\nCCN,amine,3,A\n"


@pytest.mark.parametrize(("repeats", "names"), [("keep", 3), ("merge", 2), ("first", 2)])
def test_rows_of_one_molecule_are_kept_or_merged_by_choice(
    tmp_path: Path, repeats: str, names: int
) -> None:
    (tmp_path / "a.csv").write_text(REPEATS)
    values = {"file": str(tmp_path / "a.csv"), "admet": False, "repeats": repeats}
    made: Made = run_task(prediction.predict, Predict.parse(values))
    rows = from_csv(made.artifacts[0].payload)
    assert len(rows) == names
    assert made.artifacts[0].verdict.passed
    assert made.result["repeats"] == 1
    assert "line 2 (ethanol)" in made.result["repeated"][0]["reason"]
    if repeats == "merge":
        assert rows[0].figures["nM"] == 1150
        extra = {"nM (range)": "1100–1200", "Lab": "A; B", "Other names": "spirit"}
        assert rows[0].words == extra
        assert prediction.merged(rows) == rows
    else:
        assert rows[0].figures["nM"] == 1100


def test_a_lead_may_be_named() -> None:
    from studio.api import BadInput
    from studio_molecules.chem import parser

    assert parser.parse("Aspirin").smiles == "CC(=O)Oc1ccccc1C(=O)O"
    assert "common names" in parser.parse("acetic  acid").remark
    with pytest.raises(BadInput) as told:
        parser.parse("ibuprofene")
    assert "“ibuprofen”" in str(told.value.hint)
