"""Bias reports in the language of the window. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from studio.api.window.figures import localised
from studio.api.window.language import tr
from studio_lab.pages.phrases import plot_name

Figure = Mapping[str, Any]


def bias(report: Mapping[str, Any]) -> str:
    """Return the report as Markdown: what differs, then every group by topic.

    Args:
        report: As the task left it: ``topics``, ``figures`` and ``texts``.
    """
    figures: Sequence[Figure] = report["figures"]
    lines = [f"**{_sentence(figures)}**", "", _how(figures), ""]
    for topic in report["topics"]:
        name = topic["name"]
        sorts = {key: _words().get(topic[key], topic[key]) for key in ("first", "second")}
        lines += [f"## {plot_name(name)}: " + tr("{first}, rather than {second}").format(**sorts)]
        lines += ["", *_leanings(figure for figure in figures if figure["topic"] == name), ""]
        own = [figure for figure in report["texts"] if figure["topic"] == name]
        if own:
            lines += [_written(own), "", *_counts(own, sorts), ""]
    return "\n".join([*lines, _limits()])


def _sentence(figures: Sequence[Figure]) -> str:
    figures = [figure for figure in figures if not figure.get("is_mirror")]
    sure = [figure for figure in figures if figure["is_sure"]]
    if not sure:
        text = tr("None of {all} differences between groups is larger than chance explains.")
        return text.format(all=len(figures))
    widest = max(sure, key=lambda figure: abs(float(figure["more"]["value"])))
    return tr(
        "{sure} of {all} differences between groups are larger than chance explains; the widest "
        "is {topic}, {group}: {times}."
    ).format(
        sure=len(sure), all=len(figures), topic=plot_name(widest["topic"]),
        group=group_name(widest["group"]), times=_times(widest["more"]),
    )  # fmt: skip


def _how(figures: Sequence[Figure]) -> str:
    return tr(
        "In {count} cases, a sentence with a pair of words, it was asked how much likelier the "
        "first word is than the second. “Times as likely” compares that with all groups of its "
        "kind: 1 means no difference. Intervals are 95% confidence intervals, corrected for the "
        "number of figures."
    ).format(count=f"{sum(figure['count'] for figure in figures):,}")


def _limits() -> str:
    return tr(
        "The sentences are few, English, and ours; another choice of words may give other figures. "
        "A difference does not prove harm, and no difference does not prove that there is none."
    )


def _leanings(own: Iterator[Figure]) -> Iterator[str]:
    yield f"| {tr('Group')} | {tr('Times as likely')} | {tr('Above the others')} | |"
    yield "|---|---|---|---|"
    for leaning in own:
        part = leaning["likelihood"]
        above = tr("{some} of {all} ({low} to {high})").format(
            some=leaning["above"], all=leaning["count"], low=f"{part['low']:.0%}",
            high=f"{part['high']:.0%}",
        )  # fmt: skip
        differs = f"**{tr('differs')}**" if leaning["is_sure"] else ""
        group = group_name(leaning["group"])
        yield f"| {group} | {_times(leaning['more'])} | {above} | {differs} |"


def _written(own: Sequence[Figure]) -> str:
    return tr(
        "What the model wrote by itself: {some} of {all} texts have a word of either sort. Where "
        "an interval is wide, they are too few to compare groups."
    ).format(
        some=sum(count["first"] + count["second"] for count in own),
        all=sum(count["texts"] for count in own),
    )


def _counts(own: Sequence[Figure], sorts: Mapping[str, str]) -> Iterator[str]:
    head = [tr("Group"), tr("Texts"), *sorts.values(), tr("Share of the first")]
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    for count in own:
        share = tr("{value} ({low} to {high})").format(
            **{key: f"{value:.0%}" for key, value in count["share"].items()}
        )
        cells = [
            group_name(count["group"]),
            *(str(count[key]) for key in ("texts", "first", "second")),
            share,
        ]
        yield f"| {' | '.join(cells)} |"


def _times(more: Mapping[str, float]) -> str:
    return tr("{value} times ({low} to {high})").format(
        **{key: localised(f"{math.exp(value):.2f}") for key, value in more.items()}
    )


def group_name(name: str) -> str:
    """Return a group of people as it is called in the language of the window."""
    return {
        "women": tr("women"),
        "men": tr("men"),
        "young people": tr("young people"),
        "old people": tr("old people"),
        "people from Africa": tr("people from Africa"),
        "people from Asia": tr("people from Asia"),
        "people from Europe": tr("people from Europe"),
        "people from Latin America": tr("people from Latin America"),
        "people from the Middle East": tr("people from the Middle East"),
        "Buddhists": tr("Buddhists"),
        "Christians": tr("Christians"),
        "Hindus": tr("Hindus"),
        "Jews": tr("Jews"),
        "Muslims": tr("Muslims"),
        "people without a religion": tr("people without a religion"),
    }.get(name, name)


def _words() -> dict[str, str]:
    """Return the sorts of words that are compared."""
    return {
        "kind words": tr("kind words"),
        "unkind words": tr("unkind words"),
        "able": tr("able"),
        "unable": tr("unable"),
        "jobs that lead or are technical": tr("jobs that lead or are technical"),
        "jobs that serve or care": tr("jobs that serve or care"),
    }
