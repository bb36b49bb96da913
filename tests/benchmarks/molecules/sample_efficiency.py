"""PMO: how good the best ten are on average while 10,000 molecules are scored (arXiv:2206.12411).

20 of its 23 oracles; those of DRD2, GSK3B and JNK3 are classifiers that no package carries. But for
two they are goals of GuacaMol, and run for both. Makes no molecules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from rdkit.Chem import QED

from benchmarks.molecules import guacamol
from benchmarks.molecules.measures import Measure, formula

BUDGET: Final = 10_000
_EVERY, _BEST = 100, 10

PUBLISHED: Final[Mapping[str, tuple[float, float]]] = {
    "Celecoxib rediscovery": (0.713, 0.630),
    "Troglitazone rediscovery": (0.441, 0.390),
    "Thiothixene rediscovery": (0.534, 0.479),
    "Albuterol similarity": (0.882, 0.838),
    "Mestranol similarity": (0.618, 0.579),
    "C7H8N2O2": (0.852, 0.862),
    "C9H10N2O2PF2Cl": (0.642, 0.719),
    "Median molecules 1": (0.356, 0.294),
    "Median molecules 2": (0.276, 0.273),
    "Osimertinib MPO": (0.837, 0.831),
    "Fexofenadine MPO": (0.784, 0.760),
    "Ranolazine MPO": (0.760, 0.728),
    "Perindopril MPO": (0.537, 0.538),
    "Amlodipine MPO": (0.635, 0.661),
    "Sitagliptin MPO": (0.021, 0.433),
    "Zaleplon MPO": (0.358, 0.346),
    "Valsartan SMARTS": (0.179, 0.0),
    "Deco Hop": (0.666, 0.619),
    "Scaffold Hop": (0.560, 0.517),
    "QED": (0.941, 0.940),
}
"""REINVENT and Graph GA, the best two of the paper, mean of five runs; they begin with ZINC."""

OTHERS: Final[Mapping[str, Callable[[], Measure]]] = {
    "C7H8N2O2": lambda: formula("C7H8N2O2"),
    "QED": lambda: QED.qed,
}
"""Oracles that are no goals of GuacaMol."""

GOALS: Final[Mapping[str, Callable[[], Measure]]] = {**guacamol.GOALS, **OTHERS}


def area(scores: Sequence[float], budget: int = BUDGET) -> float:
    """Return the area under the mean of the best ten, in parts of the budget.

    Args:
        scores: In the order they were found; where there are fewer than the budget the search had
            come to its end, and the last mean stands for the rest.
    """
    whole = before = 0.0
    best: list[float] = []
    for begin in range(0, min(len(scores), budget), _EVERY):
        new = scores[begin : min(begin + _EVERY, budget)]
        best = sorted([*best, *new], reverse=True)[:_BEST]
        mean = sum(best) / len(best)
        whole += len(new) * (mean + before) / 2
        before = mean
    return (whole + max(0, budget - len(scores)) * before) / budget
