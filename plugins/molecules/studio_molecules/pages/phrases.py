"""The words that several parts of the page share. Makes sentences, draws nothing."""

from __future__ import annotations

from studio.api.window.language import tr


def group_name(group: str) -> str:
    """Return a group of ADMET figures as it is called in the language of the window."""
    return {
        "Absorption": tr("Absorption"),
        "Distribution": tr("Distribution"),
        "Metabolism": tr("Metabolism"),
        "Excretion": tr("Excretion"),
        "Toxicity": tr("Toxicity"),
        "Tox21 assays": tr("Tox21 assays"),
    }.get(group, group)


def count_words(shown: int, all_of_them: int) -> str:
    """Return "312 of 1,000", or "1,000 molecules" where all are shown."""
    if shown == all_of_them == 1:
        return tr("1 molecule")
    if shown == all_of_them:
        return tr("{count} molecules").format(count=f"{all_of_them:,}")
    return tr("{shown} of {count}").format(shown=f"{shown:,}", count=f"{all_of_them:,}")
