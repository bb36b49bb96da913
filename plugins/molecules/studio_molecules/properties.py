"""Figures of a molecule: title, unit and meaning. Plain data."""

from __future__ import annotations

from dataclasses import dataclass

from studio_molecules.admet.endpoints import ENDPOINTS, SPREAD
from studio_molecules.admet.limits import limits_text


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
        "logP", "", "Octanol–water partition coefficient (Crippen); 0 to 5 is typical."
    ),
    "tpsa": Property(
        "TPSA", "Å²", "Polar surface area; above 140 means poor permeability.", digits=1
    ),
    "hbd": Property("H donors", "", "Hydrogen-bond donors; at most 5 by Lipinski.", digits=0),
    "hba": Property(
        "H acceptors", "", "Hydrogen-bond acceptors; at most 10 by Lipinski.", digits=0
    ),
    "rotatable": Property(
        "Rotatable bonds", "", "Rotatable bonds; more means more flexible.", digits=0
    ),
    "rings": Property("Rings", "", "Number of rings.", digits=0),
    "aromatic": Property(
        "Aromatic rings", "", "Number of aromatic rings; above 3 means poor solubility.", digits=0
    ),
    "fsp3": Property("Fsp³", "", "Share of sp³ carbons; higher is less flat.", "high"),
    "heavy": Property("Heavy atoms", "", "Atoms other than hydrogen.", digits=0),
    "charge": Property("Charge", "e", "Formal charge as drawn.", digits=0),
    "stereo": Property("Stereocentres", "", "Stereocentres, specified or not.", digits=0),
    "qed": Property("QED", "", "Drug-likeness, 0 to 1 (Bickerton 2012).", "high"),
    "sa": Property("SA", "", "Synthetic accessibility, 1 (easy) to 10 (hard) (Ertl 2009).", "low"),
    "alerts": Property(
        "Alerts", "", "Problematic groups in assays or patients (PAINS, BRENK).", "low", 0
    ),
    "lipinski": Property(
        "Lipinski", "", "Violations of Lipinski's rule of five, 0 to 4.", "low", 0
    ),
    "care": Property(
        "Care", "", "1 if it resembles a scheduled chemical weapon, otherwise 0.", "low", 0
    ),
    "similarity": Property(
        "Similarity", "", "Tanimoto similarity to the lead, 0 to 1 (Morgan, radius 2)."
    ),
    "score": Property("Score", "", "How well it matches the profile, 0 to 1.", "high", 3),
}
"""What RDKit computes and what tasks add, id → figure, in the order of the table."""

DOMAIN: dict[str, Property] = {
    "domain": Property(
        "In domain",
        "",
        "1 if size, charge, logP and atom environments are typical and the networks agree as they "
        "do about 95% of drugs; otherwise ADMET predictions may be unreliable.",
        "high",
        0,
    ),
    "familiar": Property(
        "Fingerprint coverage",
        "",
        "Share of its atom environments found among a million PubChem molecules.",
        "high",
    ),
    "disagreement": Property(
        "Disagreement",
        "",
        "How far the networks disagree, in units of a usual drug; above 2.28 is outside.",
        "low",
    ),
}

DOCKED: dict[str, Property] = {
    "docking": Property(
        "Docking", "kcal/mol", "Energy of the best pose (AutoDock Vina); lower fits better.", "low"
    ),
    "ligand_efficiency": Property(
        "Ligand efficiency",
        "kcal/mol",
        "Docking energy per heavy atom, sign reversed; above 0.3 is good.",
        "high",
    ),
    "strain": Property(
        "Strain",
        "kcal/mol",
        "Energy of the pose above the nearest relaxed shape (MMFF): 0 if it is one itself; above "
        "25 is doubtful.",
        "low",
        1,
    ),
}
"""Figures of molecules that were docked."""

SUMS = ("logp", "tpsa")
"""Figures that are sums over atoms."""
BY_ATOM = (*SUMS, *ENDPOINTS)
"""Figures of which is known how much each atom adds."""

FIGURES: dict[str, Property] = {
    **DOCKED,
    **DESCRIPTORS,
    **DOMAIN,
    **{
        endpoint.id: Property(
            endpoint.title,
            endpoint.unit,
            f"{endpoint.description}{limits_text(endpoint.id)}",
            endpoint.wanted,
        )
        for endpoint in ENDPOINTS.values()
    },
    **{
        endpoint.id + SPREAD: Property(
            f"± {endpoint.title}", endpoint.unit, "Disagreement between five networks.", "low"
        )
        for endpoint in ENDPOINTS.values()
    },
}
"""Every figure there is, id → what it means, in the order of the table."""
