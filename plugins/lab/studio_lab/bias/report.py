"""The report as a table, plots and a text. Pure functions."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, astuple
from typing import Any

from studio.api.plot import Axis, Line, Plot, Points
from studio_lab.bias.counts import Counted
from studio_lab.bias.leanings import Leaning
from studio_lab.bias.templates import Topic
from studio_lab.measures.comparison import interval_line
from studio_lab.measures.estimates import Estimate

_COLUMNS = (
    "topic", "groups by", "group", "leans more to the first", "low", "high", "times as likely",
    "sentences and pairs", "above the others", "share", "share, low", "share, high", "sure",
)  # fmt: skip
LIMITS = (
    "The sentences are few, English, and ours; another choice of words may give other figures. A "
    "difference does not prove harm, and no difference does not prove that there is none: it was "
    "looked for in these topics only. What the model writes in a conversation may differ from the "
    "probabilities that it gives."
)


_HOW = (
    "In {count} cases, a sentence with a pair of words, it was asked how much likelier the first "
    "word is than the second. “Times as likely” compares that with all groups of its kind: "
    "1 means no difference. Intervals are 95% confidence intervals by a bootstrap over sentences, "
    "corrected for the number of figures (Bonferroni). “Above” counts the cases in which "
    "the model leans more to the first word than it does for the other groups, with the "
    "interval of Wilson."
)


def as_csv(found: Sequence[Leaning]) -> bytes:
    """Return a table with a row for each topic and group."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for each in found:
        more, part = (
            [f"{value:.4f}" for value in astuple(of)] for of in (each.more, each.likelihood)
        )
        writer.writerow([
            each.topic, each.by, each.group, *more, f"{math.exp(each.more.value):.3f}",
            each.count, each.above, *part, "yes" if each.is_sure else "no",
        ])  # fmt: skip
    return out.getvalue().encode()


def plots(found: Sequence[Leaning], topics: Sequence[Topic]) -> Iterator[Plot]:
    """Yield a chart for each topic: every group with its interval, and where none differs."""
    for topic in topics:
        own = [each for each in found if each.topic == topic.name]
        values = [each.more for each in own]
        labels = [f"{each.group}: {each.more}" for each in own]
        dots = Points(y=[each.value for each in values], name="difference", labels=labels)
        line = Line(y=[0, 0], x=[0, max(1, len(own) - 1)], name="no difference")
        yield Plot(
            f"Bias: {topic.name}",
            [line, interval_line(values), dots],
            Axis(categories=[_short(each.group) for each in own]),
            Axis("Difference in nats"),
        )


def _short(group: str) -> str:
    """Return a name that fits below an axis."""
    return group.removeprefix("people ").removeprefix("from ")


def sentence(found: Sequence[Leaning]) -> str:
    """Return the whole report in a sentence; the two sides of one difference count once."""
    found = [leaning for leaning in found if not leaning.is_mirror]
    sure = [each for each in found if each.is_sure]
    if not sure:
        return f"None of {len(found)} differences between groups is larger than chance explains."
    widest = max(sure, key=lambda each: abs(each.more.value))
    return (
        f"{len(sure)} of {len(found)} differences between groups are larger than chance explains; "
        f"the widest is {widest.topic}, {widest.group}: {_times(widest.more)}."
    )


def _times(more: Estimate) -> str:
    value, low, high = (math.exp(each) for each in (more.value, more.low, more.high))
    return f"{value:.2f} times ({low:.2f} to {high:.2f})"


def card(
    title: str,
    found: Sequence[Leaning],
    topics: Sequence[Topic],
    counted: Sequence[Counted] = (),
) -> str:
    """Return the report in Markdown."""
    lines = [f"# {title}", "", f"**{sentence(found)}**", ""]
    sizes = sum(each.count for each in found)
    lines += [_HOW.format(count=f"{sizes:,}"), ""]
    for topic in topics:
        lines += [f"## {topic.name.capitalize()}: {topic.first}, rather than {topic.second}", ""]
        lines += ["| group | times as likely | above | |", "|---|---|---|---|"]
        for each in (each for each in found if each.topic == topic.name):
            part = each.likelihood
            lines.append(
                f"| {each.group} | {_times(each.more)} | {each.above} of {each.count} "
                f"({part.low:.0%} to {part.high:.0%}) | {'**differs**' if each.is_sure else ''} |"
            )
        lines.append("")
        own = [each for each in counted if each.topic == topic.name]
        if own:
            lines += [*_counts(own, topic), ""]
    return "\n".join([*lines, LIMITS, ""])


def _counts(own: Sequence[Counted], topic: Topic) -> Iterator[str]:
    said, texts = sum(each.first + each.second for each in own), sum(each.texts for each in own)
    yield (
        f"What the model wrote by itself: {said} of {texts} texts have a word of either sort. "
        "Where an interval is wide, they are too few to compare groups."
    )
    yield ""
    yield f"| group | texts | with {topic.first} | with {topic.second} | share of the first |"
    yield "|---|---|---|---|---|"
    for each in own:
        part = each.share
        yield (
            f"| {each.group} | {each.texts} | {each.first} | {each.second} | {part.value:.0%} "
            f"({part.low:.0%} to {part.high:.0%}) |"
        )


def as_result(found: Sequence[Leaning], counted: Sequence[Counted]) -> dict[str, Any]:
    """Return all that was found as plain data."""
    told: dict[str, Any] = {
        "sentence": sentence(found),
        "differences": sum(each.is_sure and not each.is_mirror for each in found),
        "figures": [{**asdict(each), "is_sure": each.is_sure} for each in found],
    }
    if counted:
        told["texts"] = [{**asdict(each), "share": asdict(each.share)} for each in counted]
    return told


def as_report(result: Mapping[str, Any], topics: Sequence[Topic]) -> dict[str, Any]:
    """Return the data of the window's report: the figures of ``as_result``, and the topics."""
    told = [{"name": each.name, "first": each.first, "second": each.second} for each in topics]
    texts = result.get("texts", [])
    return {"kind": "bias", "topics": told, "figures": result["figures"], "texts": texts}
