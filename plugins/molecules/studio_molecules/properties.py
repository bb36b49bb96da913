"""The figures of a molecule: what each is called, in which unit, and what it means. Plain data."""

from __future__ import annotations

from dataclasses import dataclass

from studio_molecules.admet.endpoints import ENDPOINTS, SPREAD


@dataclass(frozen=True)
class Property:
    """One figure.

    Attributes:
        title: What a column is called. ``meaning``: one sentence for a person.
        wanted: "high", "low" or "" where neither is better in itself.
        digits: Digits behind the point when it is shown.
    """

    title: str
    unit: str
    meaning: str
    wanted: str = ""
    digits: int = 2


DESCRIPTORS: dict[str, Property] = {
    "mw": Property(
        "Weight", "g/mol", "Average molecular weight; drugs are mostly below 500.", digits=1
    ),
    "logp": Property(
        "logP", "", "Fat over water solubility (Crippen's estimate); 0 to 5 is usual."
    ),
    "tpsa": Property("TPSA", "Å²", "Polar surface; above 140 hardly passes into cells.", digits=1),
    "hbd": Property("H donors", "", "Hydrogen bonds it can give; at most 5 by Lipinski.", digits=0),
    "hba": Property(
        "H acceptors", "", "Hydrogen bonds it can take; at most 10 by Lipinski.", digits=0
    ),
    "rotatable": Property("Rotatable", "", "Bonds that turn freely; more is floppier.", digits=0),
    "rings": Property("Rings", "", "Number of rings.", digits=0),
    "aromatic": Property(
        "Aromatic rings", "", "Number of aromatic rings; above 3 dissolves badly.", digits=0
    ),
    "fsp3": Property(
        "Fsp³", "", "Share of carbons with four neighbours; more is less flat.", "high"
    ),
    "heavy": Property("Heavy atoms", "", "Atoms other than hydrogen.", digits=0),
    "charge": Property("Charge", "e", "Formal charge as drawn.", digits=0),
    "stereo": Property("Stereocentres", "", "Centres of chirality, drawn or not.", digits=0),
    "qed": Property("QED", "", "Likeness to oral drugs, 0 to 1 (Bickerton 2012).", "high"),
    "sa": Property("SA", "", "Ease of synthesis, 1 easy to 10 hard (Ertl 2009).", "low"),
    "alerts": Property(
        "Alerts", "", "Groups that often trouble assays or patients (PAINS, BRENK).", "low", 0
    ),
    "lipinski": Property("Lipinski", "", "Rules of five that are broken, 0 to 4.", "low", 0),
    "care": Property(
        "Care", "", "1 where it resembles a scheduled chemical weapon, 0 elsewhere.", "low", 0
    ),
    "similarity": Property(
        "Similarity", "", "Tanimoto likeness to the lead, 0 to 1 (Morgan, radius 2)."
    ),
    "score": Property("Score", "", "How well it meets the profile, 0 to 1.", "high", 3),
}
"""What RDKit computes and what tasks add, id → figure, in the order of the table."""

DOMAIN: dict[str, Property] = {
    "domain": Property(
        "In domain",
        "",
        "1 where size, charge, logP and surroundings of atoms are usual; outside, ADMET figures "
        "are often far off. Judged by molecules of PubChem, not by those that were learned from.",
        "high",
        0,
    ),
    "familiar": Property(
        "Familiar",
        "",
        "Share of the surroundings of atoms that occur among a million molecules of PubChem.",
        "high",
    ),
}

FIGURES: dict[str, Property] = {
    **DESCRIPTORS,
    **DOMAIN,
    **{
        each.id: Property(each.title, each.unit, each.told, each.wanted)
        for each in ENDPOINTS.values()
    },
    **{
        each.id + SPREAD: Property(
            f"± {each.title}", each.unit, "How far five networks disagree.", "low"
        )
        for each in ENDPOINTS.values()
    },
}
"""Every figure there is, id → what it means, in the order of the table."""
