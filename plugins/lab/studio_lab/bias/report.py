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


def as_csv(leanings: Sequence[Leaning]) -> bytes:
    """Return a table with a row for each topic and group."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for leaning in leanings:
        more, part = (
            [f"{value:.4f}" for value in astuple(of)] for of in (leaning.more, leaning.likelihood)
        )
        writer.writerow([
            leaning.topic, leaning.by, leaning.group, *more, f"{math.exp(leaning.more.value):.3f}",
            leaning.count, leaning.above, *part, "yes" if leaning.is_sure else "no",
        ])  # fmt: skip
    return out.getvalue().encode()


def plots(leanings: Sequence[Leaning], topics: Sequence[Topic]) -> Iterator[Plot]:
    """Yield a chart for each topic: every group with its interval, and where none differs."""
    for topic in topics:
        own = [leaning for leaning in leanings if leaning.topic == topic.name]
        values = [leaning.more for leaning in own]
        labels = [f"{leaning.group}: {leaning.more}" for leaning in own]
        dots = Points(y=[leaning.value for leaning in values], name="difference", labels=labels)
        line = Line(y=[0, 0], x=[0, max(1, len(own) - 1)], name="no difference")
        yield Plot(
            f"Bias: {topic.name}",
            [line, interval_line(values), dots],
            Axis(categories=[_short(leaning.group) for leaning in own]),
            Axis("Difference in nats"),
        )


def _short(group: str) -> str:
    """Return a name that fits below an axis."""
    return group.removeprefix("people ").removeprefix("from ")


def sentence(leanings: Sequence[Leaning]) -> str:
    """Return the whole report in a sentence; the two sides of one difference count once."""
    leanings = [leaning for leaning in leanings if not leaning.is_mirror]
    sure = [one for one in leanings if one.is_sure]
    if not sure:
        return f"None of {len(leanings)} differences between groups is larger than chance explains."
    widest = max(sure, key=lambda one: abs(one.more.value))
    return (
        f"{len(sure)} of {len(leanings)} differences between groups are larger than chance "
        "explains; "
        f"the widest is {widest.topic}, {widest.group}: {_times(widest.more)}."
    )


def _times(more: Estimate) -> str:
    value, low, high = (math.exp(bound) for bound in (more.value, more.low, more.high))
    return f"{value:.2f} times ({low:.2f} to {high:.2f})"


def card(
    title: str,
    leanings: Sequence[Leaning],
    topics: Sequence[Topic],
    counted: Sequence[Counted] = (),
) -> str:
    """Return the report in Markdown."""
    lines = [f"# {title}", "", f"**{sentence(leanings)}**", ""]
    sizes = sum(item.count for item in leanings)
    lines += [_HOW.format(count=f"{sizes:,}"), ""]
    for topic in topics:
        lines += [f"## {topic.name.capitalize()}: {topic.first}, rather than {topic.second}", ""]
        lines += ["| group | times as likely | above | |", "|---|---|---|---|"]
        for item in (item for item in leanings if item.topic == topic.name):
            part = item.likelihood
            lines.append(
                f"| {item.group} | {_times(item.more)} | {item.above} of {item.count} "
                f"({part.low:.0%} to {part.high:.0%}) | {'**differs**' if item.is_sure else ''} |"
            )
        lines.append("")
        own = [item for item in counted if item.topic == topic.name]
        if own:
            lines += [*_counts(own, topic), ""]
    return "\n".join([*lines, LIMITS, ""])


def _counts(own: Sequence[Counted], topic: Topic) -> Iterator[str]:
    matches, texts = (
        sum(group.first + group.second for group in own),
        sum(group.texts for group in own),
    )
    yield (
        f"What the model wrote by itself: {matches} of {texts} texts have a word of either sort. "
        "Where an interval is wide, they are too few to compare groups."
    )
    yield ""
    yield f"| group | texts | with {topic.first} | with {topic.second} | share of the first |"
    yield "|---|---|---|---|---|"
    for group in own:
        part = group.share
        yield (
            f"| {group.group} | {group.texts} | {group.first} | {group.second} | {part.value:.0%} "
            f"({part.low:.0%} to {part.high:.0%}) |"
        )


def as_result(leanings: Sequence[Leaning], counted: Sequence[Counted]) -> dict[str, Any]:
    """Return all that was found as plain data."""
    result: dict[str, Any] = {
        "sentence": sentence(leanings),
        "differences": sum(item.is_sure and not item.is_mirror for item in leanings),
        "figures": [{**asdict(item), "is_sure": item.is_sure} for item in leanings],
    }
    if counted:
        result["texts"] = [{**asdict(item), "share": asdict(item.share)} for item in counted]
    return result


def as_report(result: Mapping[str, Any], topics: Sequence[Topic]) -> dict[str, Any]:
    """Return the data of the window's report: the figures of ``as_result``, and the topics."""
    entries = [
        {"name": topic.name, "first": topic.first, "second": topic.second} for topic in topics
    ]
    texts = result.get("texts", [])
    return {"kind": "bias", "topics": entries, "figures": result["figures"], "texts": texts}
