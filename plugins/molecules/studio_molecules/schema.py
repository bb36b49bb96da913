"""Parameters of the tasks on molecules: one declaration for the panel, the flags and the record.

Plain data only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from studio.api import (
    Capability,
    File,
    Group,
    Hidden,
    Label,
    Params,
    Range,
    RenamedFrom,
    Seed,
    Temperature,
    Text,
    WeightsId,
)

TITLES: Final[Mapping[str, str]] = {
    "ABL1": "Tyrosine kinase ABL1",
    "ACHE": "Acetylcholinesterase",
    "ADAM17": "TNF-α-converting enzyme (ADAM17)",
    "ADORA2A": "Adenosine A2A receptor",
    "ADRB1": "β1-adrenergic receptor",
    "ADRB2": "β2-adrenergic receptor",
    "AKT1": "Kinase AKT1",
    "AKT2": "Kinase AKT2",
    "AR": "Androgen receptor",
    "BACE1": "β-secretase 1",
    "CA2": "Carbonic anhydrase 2",
    "CASP3": "Caspase-3",
    "CDK2": "Cyclin-dependent kinase 2",
    "CSF1R": "Colony-stimulating factor 1 receptor",
    "CYP2C9": "Cytochrome P450 2C9",
    "CYP3A4": "Cytochrome P450 3A4",
    "DHFR": "Dihydrofolate reductase",
    "DPP4": "Dipeptidyl peptidase 4",
    "DRD2": "Dopamine D2 receptor",
    "DRD3": "Dopamine D3 receptor",
    "EGFR": "Epidermal growth factor receptor",
    "ESR1": "Oestrogen receptor α",
    "ESR2": "Oestrogen receptor β",
    "F10": "Coagulation factor X",
    "F2": "Thrombin",
    "FGFR1": "Fibroblast growth factor receptor 1",
    "GBA": "Glucocerebrosidase",
    "HMGCR": "HMG-CoA reductase",
    "HSD11B1": "11β-hydroxysteroid dehydrogenase 1",
    "HSP90AA1": "Heat shock protein HSP 90α",
    "IGF1R": "Insulin-like growth factor 1 receptor",
    "JAK2": "Janus kinase 2",
    "KDR": "VEGF receptor 2",
    "KIT": "Stem cell factor receptor (KIT)",
    "LCK": "Tyrosine kinase LCK",
    "MAOB": "Monoamine oxidase B",
    "MAP2K1": "Kinase MEK1",
    "MAPK1": "Kinase ERK2",
    "MAPK14": "Kinase p38α",
    "MAPKAPK2": "MAP kinase-activated protein kinase 2",
    "MET": "Hepatocyte growth factor receptor (MET)",
    "MMP13": "Matrix metalloproteinase 13",
    "NOS1": "Nitric oxide synthase, neuronal",
    "NR3C1": "Glucocorticoid receptor",
    "PARP1": "Poly(ADP-ribose) polymerase 1",
    "PDE5A": "Phosphodiesterase 5A",
    "PGR": "Progesterone receptor",
    "PLK1": "Polo-like kinase 1",
    "PPARA": "PPAR α",
    "PPARD": "PPAR δ",
    "PPARG": "PPAR γ",
    "PTGS2": "Cyclooxygenase 2",
    "PTK2": "Focal adhesion kinase 1",
    "PTPN1": "Tyrosine phosphatase 1B",
    "REN": "Renin",
    "ROCK1": "Rho-associated kinase 1",
    "SRC": "Tyrosine kinase SRC",
    "THRB": "Thyroid hormone receptor β",
}


MOLECULE_SUFFIXES = (".smi", ".smiles", ".txt", ".csv", ".tsv", ".tab", ".sdf", ".mol", ".xlsx")
"""Endings of the files that are read as lists of molecules."""

SHEET_MOST = 200
"""Structures on one sheet."""

TEMPERATURE = 1.0
"""Of sampling: what comes is then distributed most like what the network learned from."""

_SAMPLING = Group("Sampling", advanced=True)

_NoNewAlerts = Annotated[
    bool,
    Label(
        "Exclude new structural alerts",
        "Leave out molecules with more problematic groups than the lead.",
    ),
]
_Odd = Annotated[
    bool,
    Label("Allow unusual groups", "Keep groups chemists rarely make, such as N–F and O–C≡C."),
]
_STRUCTURE = Group("Structure", advanced=True)
_ENDING = Group("Stop early", advanced=True)
_MustHave = Annotated[
    str,
    Text(placeholder="C(=O)N", max_chars=2000),
    Label(
        "Must have",
        "SMARTS that each molecule contains, several with spaces; [r{12-}] is a macrocycle.",
    ),
    _STRUCTURE,
]
_MustNotHave = Annotated[
    str,
    Text(placeholder="[N+](=O)[O-]", max_chars=2000),
    Label("Must not have", "SMARTS that no molecule contains, several with spaces."),
    _STRUCTURE,
]
_Keep = Annotated[
    str,
    Text(placeholder="c1ccc2ccccc2c1", max_chars=2000),
    Label("Keep", "SMARTS of the part of the lead that stays as it is."),
    _STRUCTURE,
]
_Source = Annotated[
    Literal["both", "common", "generated"],
    Label("Fragments", "Common ones, those of molecules that the model generates, or both."),
]
_PartsModel = Annotated[
    WeightsId, Capability("smiles"), Label("Model", "The model whose molecules are cut.")
]


_Listed = Annotated[
    str,
    Text(lines=4, placeholder="CC(=O)Oc1ccccc1C(=O)O", max_chars=10_000_000),
    Label("SMILES", "One molecule per line, optionally followed by a space and a name."),
]


_ByAtom = Annotated[
    str,
    Text(max_chars=300),
    Label("Contributions", "Colour atoms by what they add to this figure, such as logp or herg."),
]


class Generate(Params, frozen=True):
    """How many molecules, and how freely."""

    count: Annotated[
        int, Range(1, 20_000), Label("Molecules", "How many molecules to generate.")
    ] = 100
    seed: Seed = Seed.random()
    weights: Annotated[
        WeightsId, Capability("smiles"), Label("Model", "The model that generates molecules.")
    ] = WeightsId()
    temperature: Annotated[
        Temperature,
        Range(0.1, 2, 0.05),
        Label("Temperature", "Higher gives more unusual molecules."),
        _SAMPLING,
    ] = TEMPERATURE
    fresh: Annotated[
        bool,
        Label(
            "Exclude structural alerts",
            "Leave out molecules with groups that often trouble assays or patients (PAINS, BRENK).",
        ),
    ] = False
    must_have: _MustHave = ""
    must_not_have: _MustNotHave = ""
    odd: _Odd = False


class Analogues(Params, frozen=True):
    """Which lead, how many relatives, how near."""

    lead: Annotated[
        str,
        Text(placeholder="CC(C)NCC(O)COc1cccc2ccccc12", max_chars=2000),
        Label("Lead", "The molecule to start from, as SMILES."),
    ]
    count: Annotated[int, Range(1, 5000), Label("Molecules", "How many analogues to generate.")] = (
        100
    )
    similarity: Annotated[
        float,
        Range(0, 0.95, 0.05),
        Label("Similarity", "Minimum Tanimoto similarity to the lead (Morgan, radius 2)."),
    ] = 0.4
    seed: Seed = Seed.random()
    weights: Annotated[
        WeightsId,
        Capability("smiles"),
        Label("Model", "The model that rewrites parts of the lead."),
    ] = WeightsId()
    by_model: Annotated[
        float,
        Range(0, 1, 0.1),
        Label("Share generated by the model", "The other analogues come from small edits."),
        _SAMPLING,
    ] = 0.5
    no_new_alerts: _NoNewAlerts = True
    keep: _Keep = ""
    must_have: _MustHave = ""
    must_not_have: _MustNotHave = ""
    odd: _Odd = False


class Decorate(Params, frozen=True):
    """Which scaffold, and what may be put at its points."""

    scaffold: Annotated[
        str,
        Text(placeholder="O=C(N[*:1])c1ccc([*:2])cc1", max_chars=2000),
        Label("Scaffold", "SMILES with [*:1], [*:2], … where groups are to be attached."),
    ]
    count: Annotated[int, Range(1, 5000), Label("Molecules", "How many to make.")] = 100
    source: _Source = "both"
    largest: Annotated[
        int, Range(1, 30), Label("Largest group", "Heavy atoms of a group at most.")
    ] = 10
    seed: Seed = Seed.random()
    weights: _PartsModel = WeightsId()
    no_new_alerts: _NoNewAlerts = True
    odd: _Odd = False


class Link(Params, frozen=True):
    """Which two parts, and how far from each other."""

    first: Annotated[
        str,
        Text(placeholder="[*:1]c1ccc(F)cc1", max_chars=2000),
        Label("First fragment", "SMILES with [*:1] where the linker is to be attached."),
    ]
    second: Annotated[
        str,
        Text(placeholder="[*:1]N1CCOCC1", max_chars=2000),
        Label("Second fragment", "SMILES with [*:1] where the linker is to be attached."),
    ]
    count: Annotated[int, Range(1, 5000), Label("Molecules", "How many to make.")] = 100
    shortest: Annotated[
        int, Range(0, 20), Label("Shortest linker", "Atoms between the fragments; 0 joins them.")
    ] = 1
    longest: Annotated[
        int, Range(0, 20), Label("Longest linker", "Atoms between the fragments.")
    ] = 6
    source: _Source = "both"
    seed: Seed = Seed.random()
    weights: _PartsModel = WeightsId()
    no_new_alerts: _NoNewAlerts = True
    odd: _Odd = False


class Predict(Params, frozen=True):
    """Molecules to describe: a file, or SMILES one a line."""

    file: Annotated[
        str, File(MOLECULE_SUFFIXES), Label("File", "A SMILES, CSV, Excel or SDF file.")
    ] = ""
    smiles: _Listed = ""
    lead: Annotated[
        str,
        Text(max_chars=2000),
        Label("Lead", "If given, the similarity to it is calculated too."),
    ] = ""
    admet: Annotated[
        bool,
        Label("ADMET", "Also predict 41 ADMET properties, each with its uncertainty."),
    ] = True
    repeats: Annotated[
        Literal["keep", "merge", "first"],
        Label(
            "Repeated molecules",
            "Keep every row, merge them (numbers averaged, texts side by side), or keep the first.",
        ),
    ] = "keep"
    tautomers: Annotated[
        bool,
        Label("Canonical tautomers", "Write each molecule as the tautomer that stands for all."),
    ] = False


class Cluster(Params, frozen=True):
    """Molecules to cluster, and how; a page passes its rows as ``table``."""

    file: Annotated[
        str, File(MOLECULE_SUFFIXES), Label("File", "A SMILES, CSV, Excel or SDF file.")
    ] = ""
    smiles: _Listed = ""
    similarity: Annotated[
        float,
        Range(0.2, 0.95, 0.05),
        Label("Similarity", "Minimum Tanimoto similarity to the centre of a cluster."),
    ] = 0.5
    pick: Annotated[
        int,
        Range(0, 1000),
        Label("Diverse pick", "How many molecules to pick that differ most (MaxMin)."),
    ] = 20
    core: Annotated[
        str,
        Text(placeholder="c1ccc2[nH]ccc2c1", max_chars=500),
        Label("Core", "If given, what stands at each place of this SMARTS goes into R columns."),
    ] = ""


class Pairs(Params, frozen=True):
    """Among which molecules pairs are looked for; a page hands its rows in as ``table``."""

    file: Annotated[
        str, File(MOLECULE_SUFFIXES), Label("File", "A SMILES, CSV, Excel or SDF file.")
    ] = ""
    smiles: _Listed = ""


class Fit(Params, frozen=True):
    """Which column is learned; a page hands its rows in as ``table``."""

    column: Annotated[
        str, Text(max_chars=4000), Label("Column", "A column of numbers, as the file calls it.")
    ]
    file: Annotated[
        str, File(MOLECULE_SUFFIXES), Label("File", "A SMILES, CSV, Excel or SDF file.")
    ] = ""
    smiles: _Listed = ""


class Combine(Params, frozen=True):
    """What becomes of the tables ``table`` and ``other`` that are handed in."""

    how: Annotated[
        Literal["add", "subtract", "common"],
        Label("How", "Add the others, take them away, or keep what both have."),
    ] = "add"


class Similar(Params, frozen=True):
    """Like which molecule; a page hands in its table: the input ``smiles``, a list."""

    to: Annotated[str, Text(max_chars=2000), Label("Molecule", "A SMILES or a common name.")]
    smiles: Annotated[list[str], Label("SMILES")] = []


class Draw(Params, frozen=True):
    """Which structures, how large, in which colours."""

    smiles: Annotated[list[str], Label("SMILES")]
    width: Annotated[int, Range(40, 2000, unit="px"), Label("Width")] = 220
    height: Annotated[int, Range(40, 2000, unit="px"), Label("Height")] = 160
    dark: Annotated[bool, Label("Dark", "Light lines for a dark background.")] = False
    highlight: Annotated[str, Text(max_chars=500), Label("Highlight", "SMARTS to highlight.")] = ""
    differing: Annotated[
        bool, Label("Differences", "Highlight what is not in the largest part all have in common.")
    ] = False
    by_atom: _ByAtom = ""


class Convert(Params, frozen=True):
    """Structure to convert. A page passes it: the input ``structure``, a text."""

    structure: Annotated[
        str,
        Text(lines=4, placeholder="CC(=O)Oc1ccccc1C(=O)O", max_chars=200_000),
        Label("Structure", "SMILES, or the text of a molfile."),
    ] = ""
    query: Annotated[bool, Label("Pattern", "Also accept SMARTS.")] = False
    clean: Annotated[bool, Label("Clean up", "Calculate new 2-D coordinates.")] = False


class Shape(Params, frozen=True):
    """Which molecule to fold; a CXSMILES with places in space is shown as it is."""

    smiles: Annotated[str, Text(max_chars=100_000), Label("SMILES")]
    seed: Seed = Seed.random()


class Match(Params, frozen=True):
    """Which molecules are looked at, and for what.

    A page hands in its table: the input ``smiles``, a list.
    """

    pattern: Annotated[
        str, Text(max_chars=500), Label("Pattern", "A SMARTS or SMILES substructure.")
    ]
    smiles: Annotated[list[str], Label("SMILES")] = []


class Export(Params, frozen=True):
    """In which format the table that is handed in is written."""

    format: Annotated[
        Literal["sdf", "xlsx", "png", "svg"],
        Label("Format", "SDF and Excel keep all columns; PNG and SVG are sheets of structures."),
    ] = "sdf"
    in_space: Annotated[
        bool,
        Label(
            "3-D coordinates",
            "SDF only: those of the file where it had them, otherwise a likely conformer.",
        ),
    ] = False
    by_atom: _ByAtom = ""


class Dock(Params, frozen=True):
    """Which molecules, into which protein, how thoroughly.

    A page hands in its table: the input ``ligands``, a list of SMILES.
    """

    smiles: Annotated[
        str,
        Text(lines=4, placeholder="CC(=O)Oc1ccccc1C(=O)O", max_chars=1_000_000),
        Label("SMILES", "One molecule per line, optionally followed by a space and a name."),
    ] = ""
    target: Annotated[
        str,
        Text(placeholder="DRD2", max_chars=40),
        Label(
            "Target",
            "A prepared protein by its gene, such as DRD2. The list can be searched by name.",
            TITLES,
        ),
    ] = ""
    receptor: Annotated[
        str,
        File((".pdb", ".ent", ".pdbqt")),
        Label(
            "Your own protein",
            "A protein as PDB, or prepared as PDBQT, instead of a target; a PDB gets hydrogens.",
        ),
    ] = ""
    center: Annotated[
        str,
        Text(placeholder="9.2 6.1 -7", max_chars=60),
        Label(
            "Box centre",
            "x, y and z in Å, for your own protein; if empty, that of the ligand in its PDB.",
        ),
    ] = ""
    size: Annotated[
        str, Text(max_chars=60), Label("Box size", "Three edges in Å, for your own protein.")
    ] = "22 22 22"
    exhaustiveness: Annotated[
        int,
        Range(1, 64),
        Label("Exhaustiveness", "Independent searches; more find the best pose more surely."),
    ] = 8
    poses: Annotated[int, Range(1, 20), Label("Poses", "How many poses to keep.")] = 3
    seed: Seed = Seed(1)
    weights: Annotated[
        WeightsId | None,
        Hidden(),
        Capability("docking"),
        Label("Targets", "The set of prepared proteins; a protein of your own needs none."),
    ] = WeightsId()


class Improve(Params, frozen=True):
    """Target profile of the molecules, and effort of the search.

    ``own`` is the training data of the user's own objectives: column → smiles and values.
    A page that continues a search passes ``population``, a list of SMILES, and ``origins``: the
    parent, operation and seed of each.
    """

    profile: Annotated[str, File((".json",)), Label("Profile", "A file with the objectives.")] = ""
    goal: Annotated[dict[str, Any], Hidden(), RenamedFrom("wishes")] = {}
    lead: Annotated[
        str,
        Text(max_chars=2000),
        Label("Lead", "The molecule to start from, as SMILES; the profile can name it too."),
    ] = ""
    target: Annotated[
        str,
        Text(placeholder="DRD2", max_chars=40),
        Label("Docking target", "The protein to dock into, if docking is an objective.", TITLES),
    ] = ""
    method: Annotated[
        Literal["genetic", "reinforcement"],
        Label("Search", "Genetic: small edits and crossovers. Reinforcement: the model learns."),
    ] = "genetic"
    budget: Annotated[
        int, Range(10, 1_000_000), Label("Attempts", "How many molecules to score.")
    ] = 3000
    count: Annotated[
        int, Range(1, 5000), Label("Molecules", "How many of the best molecules to keep.")
    ] = 100
    seed: Seed = Seed.random()
    weights: Annotated[
        WeightsId, Capability("smiles"), Label("Model", "The model that generates molecules.")
    ] = WeightsId()
    enough: Annotated[
        float,
        Range(0, 1, 0.01),
        Label("Target score", "End once the best molecule has this score; 0 for never."),
        _ENDING,
    ] = 0.0
    patience: Annotated[
        int,
        Range(0, 100_000),
        Label(
            "Stop if no improvement",
            "End once so many molecules in a row made the best no better; 0 for never.",
        ),
        _ENDING,
    ] = 0
    stereo: Annotated[
        Literal["keep", "enumerate", "ignore"],
        Label(
            "Stereochemistry",
            "Keep that of the lead, list the stereoisomers of what is found, or leave it out.",
        ),
        _STRUCTURE,
    ] = "keep"
    macrocycles: Annotated[
        bool,
        Label("Allow macrocycles", "Also close rings of twelve to eighteen atoms (Genetic)."),
        _STRUCTURE,
    ] = False
    keep: _Keep = ""
    must_have: _MustHave = ""
    must_not_have: _MustNotHave = ""
    odd: _Odd = False


class Compare(Params, frozen=True):
    """Nothing: the two tables are handed in."""
