"""The texts of a thread: who answered, how fast, the status of a reply.

Makes sentences, draws nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from studio.api import JobState, PluginContext
from studio.api.window.figures import localised
from studio.api.window.language import tr, tr_filled
from studio_chat.documents.passages import shown_name
from studio_chat.pages.thread.turns import Reply, Turn


def reply_name(ctx: PluginContext, turn: Turn) -> str:
    """Return who wrote a reply."""
    weights = str(turn.extra.get("weights", ""))
    name = ctx.weights.title(weights) if weights else tr("Assistant")
    return tr("{name}, edited by you").format(name=name) if turn.extra.get("edited") else name


def figures(turn: Turn, reply: Reply | None) -> str:
    """Return how fast a reply is, or was: "42 tok/s · first after 0.4 s"."""
    speed = reply.tokens_per_second if reply is not None else turn.extra.get("tokens_per_second")
    first = (
        reply.first - reply.started
        if reply is not None and reply.first
        else turn.extra.get("first_token_seconds")
    )
    parts = []
    if isinstance(speed, float | int) and speed > 0:
        parts.append(tr("{speed} tok/s").format(speed=_short(float(speed))))
    if isinstance(first, float | int) and first > 0:
        parts.append(tr("first token {seconds} s").format(seconds=_short(float(first))))
    tokens = reply.tokens if reply is not None else turn.extra.get("tokens")
    if isinstance(tokens, int) and tokens > 0:
        parts.append(tr("{count} tokens").format(count=localised(f"{tokens:,}")))
    return " · ".join(parts)


def _short(number: float) -> str:
    return localised(f"{number:.{2 if number < 1 else 1 if number < 20 else 0}f}")


def doing(ctx: PluginContext, reply: Reply) -> str:
    """Return the status of a reply until its text arrives."""
    if reply.stopping:
        return tr("Stopping…")
    match reply.state:
        case None:
            return tr("Saving your message…")
        case JobState.WAITING:
            return _with(tr("Waiting"), reply.reason)
        case JobState.LOADING:
            what = tr("Loading {weights}").format(weights=ctx.weights.title(reply.weights))
            named = reply.reason.lower().startswith("loading")  # the same, with the id
            return _with(what, "" if named else reply.reason)
        case JobState.RUNNING:
            return _with(reply.reason or tr("Preparing"), "")
        case JobState.PAUSED:
            return tr("Paused. Resume it in the job list.")
        case _:
            return _with(tr("Waiting"), reply.reason or tr("its turn"))


def _with(what: str, why: str) -> str:
    if not why:
        return f"{what}…"
    joined = f"{what} {why}" if why.startswith("for ") else f"{what}: {why}"
    return joined if joined.endswith((".", "…", "!", "?")) else f"{joined}…"


def how_it_ended(turn: Turn) -> str:
    """Return what should be known about how a reply came to be; empty if all is as it should be."""
    if turn.stopped:
        return (
            tr("You stopped it here.") if turn.content else tr("You stopped it before it started.")
        )
    reason = turn.extra.get("finish_reason")
    if turn.state == "interrupted":
        return tr("Offline Studio closed while this was being written. The text so far was kept.")
    text = ""
    if reason == "length":
        text = tr("The maximum length was reached.")
    elif reason == "ended":
        text = tr("The answer was ended because it only repeated itself.")
    elif reason == "context":
        text = tr("The model's context is full: the oldest messages will be left out.")
    elif turn.state == "complete" and not turn.content.strip():
        text = tr("The model gave an empty answer.")
    note = turn.extra.get("note")  # the runtime's own words: of its chat format, or of a form
    return " ".join(filter(None, (text, note if isinstance(note, str) else "")))


def was_cut_short(turn: Turn) -> bool:
    """Return whether a reply may have more to say: it was stopped, or ran into a limit."""
    limit = turn.extra.get("finish_reason") in ("length", "context")
    return turn.stopped or limit or turn.state == "interrupted"


def left_out(turn: Turn) -> str:
    """Return how much of the conversation the model could not read; empty if it read all."""
    dropped = turn.extra.get("dropped")
    if not isinstance(dropped, int) or dropped <= 0:
        return ""
    if dropped == 1:
        return tr("The oldest message did not fit the model's context and was left out.")
    words = tr("The {count} oldest messages did not fit the model's context and were left out.")
    return words.format(count=dropped)


def attached(turn: Turn) -> str:
    """Return the names of the documents and pictures that came with a message."""
    return " · ".join(shown_name(path) for path in (*turn.documents, *turn.pictures))


Link = Callable[[str, int, int], str]
"""Makes of words, the number of a source and the number of a stretch in it what is shown."""


def _place_in(link: Link, source: int, words: str, place: int) -> str:
    return link(words, source, place)


def drawn_on(turn: Turn, link: Link = lambda words, _source, _place: words) -> str:
    """Return what of which documents was in the prompt of a reply; empty without documents."""
    sources = turn.extra.get("sources")
    if not isinstance(sources, list):
        return ""
    names = [
        _source(source, partial(_place_in, link, number))
        for number, source in enumerate(sources)
        if isinstance(source, Mapping)
    ]
    if turn.extra.get("found_by") == "meaning":
        names.append(tr("Closest matches first."))
    note = turn.extra.get("sources_note")
    return " ".join([*names, note] if isinstance(note, str) and note else names)


def closest(turn: Turn, link: Link = lambda words, _source, _place: words) -> str:
    """Return which passages are nearest to a question that the documents do not answer."""
    return " ".join(
        _source(source, partial(_place_in, link, number))
        for number, source in enumerate(linked_sources(turn))
        if turn.extra.get("declined")
    )


def linked_sources(turn: Turn) -> Sequence[Mapping[str, Any]]:
    """Return the sources whose passages can be opened: those nearest where none answers."""
    sources = turn.extra.get("closest" if turn.extra.get("declined") else "sources")
    return (
        [source for source in sources if isinstance(source, Mapping)]
        if isinstance(sources, list)
        else ()
    )


def _source(source: Mapping[str, Any], link: Callable[[str, int], str]) -> str:
    name = str(source.get("document", ""))
    if error := source.get("error"):
        return tr_filled(error)
    if source.get("whole"):
        return tr("{name} was read in full.").format(name=link(name, 0))
    if not source.get("lines"):
        return tr("{name} was not used.").format(name=name)
    count = "of_pages" if "pages" in source else "of"
    words = {
        "page": tr("From {name} ({count} pages): {places}."),
        "slide": tr("From {name} ({count} slides): {places}."),
        "chapter": tr("From {name} ({count} chapters): {places}."),
        "row": tr("From {name} ({count} rows): {places}."),
        "line": tr("From {name} ({count} lines): {places}."),
    }[_unit(source)]
    places = ", ".join(
        link(place_name(source, stretch), number)
        for number, stretch in enumerate(merged(source.get("pages") or source["lines"]))
    )
    return words.format(name=name, places=places, count=source.get(count, "?"))


def merged(pairs: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """Return pairs of first and last without overlaps, each where the first of its parts was."""
    stretches: list[tuple[int, int]] = []
    for first, last in pairs:
        touching = [
            stretch for stretch in stretches if stretch[0] <= last + 1 and first <= stretch[1] + 1
        ]
        whole = (min([first, *(a for a, _ in touching)]), max([last, *(b for _, b in touching)]))
        place = stretches.index(touching[0]) if touching else len(stretches)
        stretches = [
            *stretches[:place],
            whole,
            *(e for e in stretches[place:] if e not in touching),
        ]
    return stretches


def place_name(source: Mapping[str, Any], stretch: tuple[int, int]) -> str:
    """Return the label of a stretch of a document: ``pages 1–6``."""
    first, last = stretch
    unit, titles = _unit(source), source.get("titles") or ()
    if unit == "chapter" and first == last <= len(titles) and titles[first - 1]:
        return tr("chapter “{title}”").format(title=titles[first - 1])
    one, many = {
        "page": (tr("page {first}"), tr("pages {first}–{last}")),
        "slide": (tr("slide {first}"), tr("slides {first}–{last}")),
        "chapter": (tr("chapter {first}"), tr("chapters {first}–{last}")),
        "row": (tr("row {first}"), tr("rows {first}–{last}")),
        "line": (tr("line {first}"), tr("lines {first}–{last}")),
    }[unit]
    words = one if first == last else many
    return words.format(first=first, last=last)


def _unit(source: Mapping[str, Any]) -> str:
    unit = source.get("unit")
    if unit in {"slide", "chapter", "row"}:
        return str(unit)
    return "page" if "pages" in source else "line"
