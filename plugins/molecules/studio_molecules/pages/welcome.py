"""Start view without a table: how each mode begins, or how to add weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtWidgets import QWidget

from studio.api import PluginContext
from studio.api.window.language import tr
from studio_molecules.pages.modes import ANALOGUES, DECORATE, DOCK, GENERATE, IMPROVE, LINK

PROPRANOLOL = "CC(C)NCC(O)COc1cccc2ccccc12"
LIDOCAINE = "CCN(CC)CC(=O)Nc1c(C)cccc1C"
BENZAMIDE = "O=C(N[*:1])c1ccc([*:2])cc1"
LIGANDS = """CC1=C(CCN2CCC(CC2)c2noc3cc(F)ccc23)C(=O)N2CCCCC2=N1 risperidone
O=C(CCCN1CCC(O)(c2ccc(Cl)cc2)CC1)c1ccc(F)cc1 haloperidol
"""
MEDICINES = """CC(=O)Oc1ccccc1C(=O)O aspirin
CC(=O)Nc1ccc(O)cc1 paracetamol
CC(C)Cc1ccc(cc1)C(C)C(=O)O ibuprofen
CN1C=NC2=C1C(=O)N(C(=O)N2C)C caffeine
CC(C)NCC(O)COc1cccc2ccccc12 propranolol
CCN(CC)CC(=O)Nc1c(C)cccc1C lidocaine
CN1C(=O)CN=C(c2ccccc2)c2cc(Cl)ccc12 diazepam
CC(C)(C)NCC(O)c1ccc(O)c(CO)c1 salbutamol
O=C(O)c1cn(C2CC2)c2cc(N3CCNCC3)c(F)cc2c1=O ciprofloxacin
CN1CCC23c4c5ccc(O)c4OC2C(O)C=CC3C1C5 morphine
COc1ccc2[nH]cc(CCNC(C)=O)c2c1 melatonin
CC1(C)SC2C(NC(=O)Cc3ccccc3)C(=O)N2C1C(=O)O penicillin G
"""


def welcome(ctx: PluginContext, mode: str, do: Mapping[str, Callable[..., None]]) -> QWidget:
    """Return how a mode begins.

    Args:
        do: ``run()``, ``lead(smiles)``, ``scaffold(smiles)``, ``list(text)``, ``fill(text)`` and
            ``pick()``.
    """
    lead = do["lead"]
    if mode == GENERATE:
        return ctx.ui.empty_state(
            "flask-conical",
            tr("Generate molecules"),
            tr("A small model on this machine generates them, and RDKit checks each one."),
            [
                ("sparkles", tr("Generate some molecules"), do["run"]),
                ("table", tr("Try twelve known drugs"), partial(do["list"], MEDICINES)),
                ("folder-open", tr("Open SMILES, CSV or SDF"), do["pick"]),
            ],
        )
    if mode in (ANALOGUES, IMPROVE):
        title = tr("Analogues of a lead") if mode == ANALOGUES else tr("Optimise to a profile")
        text = (
            tr("Enter a lead above as SMILES to get analogues at the similarity you choose.")
            if mode == ANALOGUES
            else tr("Describe the molecules you want in the panel, then start the search.")
        )
        examples: list[tuple[str, str, Callable[..., None]]] = [
            ("git-fork", tr("From propranolol"), partial(lead, PROPRANOLOL)),
            ("git-fork", tr("From lidocaine"), partial(lead, LIDOCAINE)),
        ]
        if mode == IMPROVE:
            examples.append(("wand-sparkles", tr("From scratch"), do["run"]))
        return ctx.ui.empty_state("git-fork", title, text, examples)
    if mode == DECORATE:
        return ctx.ui.empty_state(
            "hexagon",
            tr("Decorate a scaffold"),
            tr("Draw a scaffold with attachment points (R), or enter it as SMILES with [*:1]."),
            [("hexagon", tr("Try a benzamide"), partial(do["scaffold"], BENZAMIDE))],
        )
    if mode == LINK:
        return ctx.ui.empty_state(
            "link",
            tr("Link two fragments"),
            tr("Enter both in the panel, each with [*:1] where the linker is to be attached."),
        )
    if mode == DOCK:
        return ctx.ui.empty_state(
            "puzzle",
            tr("Dock molecules into a protein"),
            tr(
                "Choose a target in the panel and enter SMILES, "
                "or select rows of a table and dock them."
            ),
            [
                ("table", tr("Try risperidone and haloperidol"), partial(do["fill"], LIGANDS)),
                ("folder-open", tr("Open SMILES, CSV or SDF"), do["pick"]),
            ],
        )
    return ctx.ui.empty_state(
        "gauge",
        tr("Predict properties of your molecules"),
        tr("Paste SMILES above or open a list: weight, logP, drug-likeness, structural alerts."),
        [
            ("folder-open", tr("Open SMILES, CSV or SDF"), do["pick"]),
            ("table", tr("Try twelve known drugs"), partial(do["list"], MEDICINES)),
        ],
    )


def no_weights(ctx: PluginContext, mode: str, do: Mapping[str, Callable[..., None]]) -> QWidget:
    """Return the instructions for adding the weights of a mode, and actions that need none."""
    if mode == DOCK:
        return ctx.ui.empty_state(
            "puzzle",
            tr("No docking targets yet"),
            tr(
                "Open Models on the left to get the 58 prepared proteins, or choose your own "
                "protein in the panel."
            ),
        )
    return ctx.ui.empty_state(
        "boxes",
        tr("No model for this yet"),
        tr(
            "Open Models on the left, press Open folder, and put a SMILES model there. "
            "Predicting needs none."
        ),
        [
            ("folder-open", tr("Open SMILES, CSV or SDF"), do["pick"]),
            ("table", tr("Try twelve known drugs"), partial(do["list"], MEDICINES)),
        ],
    )
