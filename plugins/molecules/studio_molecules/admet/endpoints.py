"""The 41 endpoints: title, unit, meaning, accuracy. Plain data.

Columns are those of ADMET-AI (Swanson et al., Bioinformatics 2024, btae416), version 2.0.1; its
authors' held-out test score is given with each, because some endpoints are weak.
"""

from __future__ import annotations

from dataclasses import dataclass

SPREAD = "_spread"
"""What follows an id where the disagreement of the networks is meant."""


@dataclass(frozen=True)
class Endpoint:
    """One thing that is predicted.

    Attributes:
        column: What the weights call it; the data set in the Therapeutics Data Commons.
        wanted: "high", "low" or "" where neither is better in itself.
        tested: In the makers' test: AUROC of a chance (0.5 is a coin), R² of a quantity (0 is
            the mean; below that, guessing the mean does better).
        chance: It is a chance, 0 to 1; otherwise a quantity in ``unit``.
    """

    id: str
    column: str
    title: str
    meaning: str
    tested: float
    wanted: str = ""
    unit: str = ""
    chance: bool = True

    @property
    def description(self) -> str:
        """The meaning, and how far it can be relied on."""
        name = "AUROC" if self.chance else "R²"
        return f"{self.meaning} ({name} {self.tested:.2f} in the authors' test set{self._verdict})."

    @property
    def _verdict(self) -> str:
        if not self.chance and self.tested < 0:
            return ": no better than predicting the mean"
        return ", weak" if self.tested < (0.75 if self.chance else 0.5) else ""


def _chance(
    id: str, column: str, title: str, meaning: str, tested: float, wanted: str = ""
) -> Endpoint:
    return Endpoint(id, column, title, meaning, tested, wanted)


def _quantity(
    id: str, column: str, title: str, unit: str, meaning: str, tested: float, wanted: str = ""
) -> Endpoint:
    return Endpoint(id, column, title, meaning, tested, wanted, unit, chance=False)


_ABSORPTION = (
    _chance(
        "hia",
        "HIA_Hou",
        "Intestinal absorption",
        "Probability of absorption in the human intestine",
        0.994,
        "high",
    ),
    _chance(
        "bioavailability",
        "Bioavailability_Ma",
        "Oral bioavailability",
        "Probability that at least 20% of an oral dose reaches the blood",
        0.716,
        "high",
    ),
    _quantity(
        "solubility",
        "Solubility_AqSolDB",
        "Solubility",
        "log mol/L",
        "Solubility in water; above −4 is good",
        0.817,
        "high",
    ),
    _quantity(
        "lipophilicity",
        "Lipophilicity_AstraZeneca",
        "logD at pH 7.4",
        "",
        "Octanol–water distribution at pH 7.4; 1 to 3 is typical",
        0.771,
    ),
    _quantity(
        "hydration",
        "HydrationFreeEnergy_FreeSolv",
        "Hydration energy",
        "kcal/mol",
        "Free energy of hydration; lower means more hydrophilic",
        0.888,
    ),
    _quantity(
        "caco2",
        "Caco2_Wang",
        "Caco-2 permeability",
        "log cm/s",
        "Permeability of intestinal (Caco-2) cells; above −5.15 is good",
        0.707,
        "high",
    ),
    _chance(
        "pampa",
        "PAMPA_NCATS",
        "PAMPA permeability",
        "Probability of good permeability of an artificial membrane",
        0.786,
        "high",
    ),
    _chance(
        "pgp",
        "Pgp_Broccatelli",
        "P-gp inhibition",
        "Probability of inhibiting P-glycoprotein, an efflux transporter",
        0.947,
        "low",
    ),
)

_DISTRIBUTION = (
    _chance(
        "bbb",
        "BBB_Martins",
        "Blood–brain barrier",
        "Probability of crossing the blood–brain barrier",
        0.900,
    ),
    _quantity(
        "ppbr",
        "PPBR_AZ",
        "Protein binding",
        "%",
        "Share bound to plasma proteins",
        0.589,
    ),
    _quantity(
        "vdss",
        "VDss_Lombardo",
        "Volume of distribution",
        "L/kg",
        "Distribution into tissue; above 1 is wide",
        -1.211,
    ),
)

_METABOLISM = (
    *(
        _chance(
            f"cyp{name.lower()}",
            f"CYP{name}_Veith",
            f"CYP{name} inhibition",
            f"Probability of inhibiting the liver enzyme {name}, a risk of drug interactions",
            tested,
            "low",
        )
        for name, tested in (
            ("1A2", 0.941),
            ("2C19", 0.906),
            ("2C9", 0.908),
            ("2D6", 0.886),
            ("3A4", 0.912),
        )
    ),
    *(
        _chance(
            f"cyp{name.lower()}_substrate",
            f"CYP{name}_Substrate_CarbonMangels",
            f"CYP{name} substrate",
            f"Probability of being metabolised by the liver enzyme {name}",
            tested,
        )
        for name, tested in (("2C9", 0.628), ("2D6", 0.820), ("3A4", 0.705))
    ),
)

_EXCRETION = (
    _quantity(
        "half_life",
        "Half_Life_Obach",
        "Half-life",
        "h",
        "Time until the blood level has halved",
        -2.386,
    ),
    _quantity(
        "clearance_hepatocyte",
        "Clearance_Hepatocyte_AZ",
        "Clearance (hepatocytes)",
        "µL/min/10⁶ cells",
        "Clearance by liver cells",
        0.264,
    ),
    _quantity(
        "clearance_microsome",
        "Clearance_Microsome_AZ",
        "Clearance (microsomes)",
        "µL/min/mg",
        "Clearance by liver microsomes",
        0.277,
    ),
)

_TOXICITY = (
    _chance(
        "herg",
        "hERG",
        "hERG block",
        "Probability of blocking the hERG channel, a risk of arrhythmia",
        0.839,
        "low",
    ),
    _chance(
        "clintox",
        "ClinTox",
        "Clinical toxicity",
        "Probability of failing a clinical trial because of toxicity",
        0.928,
        "low",
    ),
    _chance("ames", "AMES", "Mutagenicity", "Probability of a positive Ames test", 0.882, "low"),
    _chance(
        "dili", "DILI", "Liver injury", "Probability of drug-induced liver injury", 0.881, "low"
    ),
    _chance(
        "carcinogens",
        "Carcinogens_Lagunin",
        "Carcinogenicity",
        "Probability of carcinogenicity in rodents",
        0.772,
        "low",
    ),
    _quantity(
        "ld50",
        "LD50_Zhu",
        "Acute toxicity",
        "−log mol/kg",
        "Median lethal oral dose in rats; higher is more toxic",
        0.596,
        "low",
    ),
    _chance(
        "skin",
        "Skin_Reaction",
        "Skin sensitisation",
        "Probability of skin sensitisation",
        0.718,
        "low",
    ),
)

_TOX21 = tuple(
    _chance(id, column, title, f"Probability that it {what} (Tox21 assay)", tested, "low")
    for id, column, title, what, tested in (
        ("nr_ar", "NR-AR", "Androgen receptor", "activates the androgen receptor", 0.779),
        (
            "nr_ar_lbd",
            "NR-AR-LBD",
            "Androgen receptor (LBD)",
            "activates the androgen receptor's ligand-binding domain",
            0.883,
        ),
        ("nr_ahr", "NR-AhR", "Aryl receptor", "activates the aryl hydrocarbon receptor", 0.904),
        ("nr_aromatase", "NR-Aromatase", "Aromatase", "inhibits aromatase", 0.906),
        ("nr_er", "NR-ER", "Oestrogen receptor", "activates the oestrogen receptor", 0.749),
        (
            "nr_er_lbd",
            "NR-ER-LBD",
            "Oestrogen receptor (LBD)",
            "activates the oestrogen receptor's ligand-binding domain",
            0.826,
        ),
        ("nr_ppar_gamma", "NR-PPAR-gamma", "PPAR-γ", "activates PPAR-γ", 0.916),
        ("sr_are", "SR-ARE", "Oxidative stress", "activates the antioxidant response", 0.838),
        ("sr_atad5", "SR-ATAD5", "DNA damage", "causes DNA damage (ATAD5)", 0.879),
        ("sr_hse", "SR-HSE", "Heat shock", "activates the heat shock response", 0.843),
        ("sr_mmp", "SR-MMP", "Mitochondria", "lowers the mitochondrial membrane potential", 0.925),
        ("sr_p53", "SR-p53", "p53 pathway", "activates p53", 0.880),
    )
)

ENDPOINTS: dict[str, Endpoint] = {
    endpoint.id: endpoint
    for endpoint in (*_ABSORPTION, *_DISTRIBUTION, *_METABOLISM, *_EXCRETION, *_TOXICITY, *_TOX21)
}
"""By id, in the order of a drug's way through the body."""

GROUPS: dict[str, str] = {
    endpoint.id: title
    for title, group in (
        ("Absorption", _ABSORPTION),
        ("Distribution", _DISTRIBUTION),
        ("Metabolism", _METABOLISM),
        ("Excretion", _EXCRETION),
        ("Toxicity", _TOXICITY),
        ("Tox21 assays", _TOX21),
    )
    for endpoint in group
}
"""The part of that way that an endpoint is about, by id."""

OVERVIEW = ("solubility", "hia", "bbb", "cyp3a4", "herg", "ames", "dili")
"""What is looked at first, one or two of each part; the others are a choice away."""
