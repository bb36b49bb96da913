"""Whether synthetic rows give away the real rows that they were made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from studio_lab.measures.copies import copies
from studio_lab.measures.distances import Vectors, nearest

MOST = 2000


@dataclass(frozen=True)
class Privacy:
    """What an attacker learns who has the synthetic rows.

    Attributes:
        membership: Area under the curve of an attack that says which rows were learned from, by
            their distance to the closest synthetic row: 0.5 is chance, 1 certain.
        nearer: Share of synthetic rows that lie nearer to a row of training than to one of as many
            held-out rows: 0.5 where nothing leaks.
        copies: Share of synthetic rows that are copies of one row; see ``measures.copies``.
        distances, yardstick: (n,) distance to the closest row of training, of synthetic rows and of
            held-out rows.
    """

    membership: float
    nearer: float
    copies: float
    distances: Vectors
    yardstick: Vectors


def privacy(
    synthetic: Vectors, training: Vectors, held_out: Vectors, rng: np.random.Generator
) -> Privacy:
    """Return what synthetic rows give away.

    Args:
        synthetic, training, held_out: (n, d) encoded rows. The generator has seen ``training``.
        rng: Draws the rows that are looked at where there are more than 2,000.
    """
    synthetic, training, held_out = (
        rows[rng.permutation(len(rows))[:MOST]] for rows in (synthetic, training, held_out)
    )
    count = min(len(training), len(held_out))
    members, others = training[:count], held_out[:count]
    to_members, to_others = (nearest(synthetic, rows)[0][:, 0] for rows in (members, others))
    attack = np.concatenate([nearest(rows, synthetic)[0][:, 0] for rows in (members, others)])
    truth = np.repeat([1, 0], count)
    result = copies(synthetic, training, held_out)
    return Privacy(
        float(roc_auc_score(truth, -attack)),
        float(np.mean((to_members < to_others) + (to_members == to_others) / 2)),
        result.share.value,
        result.distances,
        nearest(held_out, training)[0][:, 0],
    )
