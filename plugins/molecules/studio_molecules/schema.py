"""Parameters of the tasks on molecules: one declaration for the panel, the flags and the record.

Plain data only.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from studio.api import Capability, File, Group, Hidden, Label, Params, Range, Seed, Text, WeightsId

MOLECULE_SUFFIXES = (".smi", ".smiles", ".txt", ".csv", ".tsv", ".sdf", ".mol")
"""Endings of the files that are read as lists of molecules."""

SHEET_MOST = 200
"""Structures on one sheet."""

TEMPERATURE = 0.9
"""Of sampling: more strings are molecules than at 1, and hardly fewer of them differ."""

_SAMPLING = Group("Sampling", advanced=True)


class Generate(Params, frozen=True):
    """How many molecules, and how freely."""

    count: Annotated[int, Range(1, 20_000), Label("Molecules", "How many to make.")] = 100
    seed: Seed = Seed.random()
    weights: Annotated[
        WeightsId, Capability("smiles"), Label("Model", "The weights that write molecules.")
    ] = WeightsId()
    temperature: Annotated[
        float, Range(0.1, 2, 0.05), Label("Freedom", "Higher is stranger."), _SAMPLING
    ] = TEMPERATURE
    fresh: Annotated[
        bool,
        Label(
            "Exclude structural alerts",
            "Leave out molecules with groups that often trouble assays or patients (PAINS, BRENK).",
        ),
    ] = False


class Analogues(Params, frozen=True):
    """Which lead, how many relatives, how near."""

    lead: Annotated[
        str,
        Text(placeholder="CC(C)NCC(O)COc1cccc2ccccc12", max_chars=2000),
        Label("Lead", "The molecule to start from, as SMILES."),
    ]
    count: Annotated[int, Range(1, 5000), Label("Molecules", "How many to make.")] = 100
    similarity: Annotated[
        float,
        Range(0, 0.95, 0.05),
        Label("Likeness", "Least Tanimoto likeness to the lead (Morgan, radius 2)."),
    ] = 0.4
    seed: Seed = Seed.random()
    weights: Annotated[
        WeightsId, Capability("smiles"), Label("Model", "The weights that rewrite parts.")
    ] = WeightsId()
    by_model: Annotated[
        float,
        Range(0, 1, 0.1),
        Label("By the model", "Share of children that the model writes; the rest are small edits."),
        _SAMPLING,
    ] = 0.5
    no_new_alerts: Annotated[
        bool,
        Label("No new alerts", "Refuse children with more troublesome groups than the lead."),
    ] = True


class Predict(Params, frozen=True):
    """What to look at: a file, or SMILES one a line."""

    file: Annotated[
        str, File(MOLECULE_SUFFIXES), Label("File", "SMILES, CSV or SDF; its rows are read.")
    ] = ""
    smiles: Annotated[
        str,
        Text(lines=4, placeholder="CC(=O)Oc1ccccc1C(=O)O", max_chars=10_000_000),
        Label("SMILES", "One molecule a line, a name after a space."),
    ] = ""
    lead: Annotated[
        str, Text(max_chars=2000), Label("Lead", "If given, the likeness to it is a figure too.")
    ] = ""
    admet: Annotated[
        bool,
        Label("ADMET", "Also 41 figures of what a body does with it, each with its uncertainty."),
    ] = True


class Draw(Params, frozen=True):
    """Which structures, how large, in which colours."""

    smiles: Annotated[list[str], Label("SMILES")]
    width: Annotated[int, Range(40, 2000, unit="px"), Label("Width")] = 220
    height: Annotated[int, Range(40, 2000, unit="px"), Label("Height")] = 160
    dark: Annotated[bool, Label("Dark", "Light lines for a dark ground.")] = False
    highlight: Annotated[str, Text(max_chars=500), Label("Highlight", "SMARTS to colour.")] = ""


class Shape(Params, frozen=True):
    """Which molecule to fold."""

    smiles: Annotated[str, Text(max_chars=2000), Label("SMILES")]
    seed: Seed = Seed.random()


class Match(Params, frozen=True):
    """Which molecules are looked at, and for what.

    A page hands in its table: the input ``smiles``, a list.
    """

    pattern: Annotated[
        str, Text(max_chars=500), Label("Pattern", "SMARTS or SMILES that they hold.")
    ]
    smiles: Annotated[list[str], Label("SMILES")] = []


class Export(Params, frozen=True):
    """In which format the table that is handed in is written."""

    format: Annotated[
        Literal["sdf", "png", "svg"],
        Label("Format", "SDF keeps all figures; PNG and SVG are sheets of structures."),
    ] = "sdf"


class Improve(Params, frozen=True):
    """What the molecules should be like, and how hard to look.

    A page that searches on hands in ``population``, a list of SMILES, and ``origins``: where each
    came from (parent, operation, seed).
    """

    profile: Annotated[
        str, File((".json",)), Label("Profile", "A file that says what is wished for.")
    ] = ""
    wishes: Annotated[dict[str, Any], Hidden()] = {}
    lead: Annotated[
        str,
        Text(max_chars=2000),
        Label("Lead", "The molecule to start from, as SMILES; the profile may name it too."),
    ] = ""
    method: Annotated[
        Literal["genetic", "reinforcement"],
        Label("Search", "Genetic: small edits and crosses. Reinforcement: the model learns."),
    ] = "genetic"
    budget: Annotated[int, Range(10, 1_000_000), Label("Tries", "How many molecules to score.")] = (
        3000
    )
    count: Annotated[int, Range(1, 5000), Label("Molecules", "How many of the best to keep.")] = 100
    seed: Seed = Seed.random()
    weights: Annotated[
        WeightsId, Capability("smiles"), Label("Model", "The weights that write molecules.")
    ] = WeightsId()
