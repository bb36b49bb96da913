"""The verdict of a second run in the words of the window. Measures of plugins say their own."""

from __future__ import annotations

from collections.abc import Sequence

from studio.api.comparison import Difference, Effect
from studio.api.window.language import tr
from studio.api.worker.sentence import translated
from studio.protocol.errors import ErrorInfo, StudioError
from studio.rerun.measures import percent
from studio.rerun.report import BY_BYTES, MOST_CAUSES, Cause, Report, RerunVerdict


def sentence(report: Report) -> str:
    """Return the verdict: "Different: 3 % of the pixels differ …, probably because …"."""
    if report.verdict is RerunVerdict.IDENTICAL:
        if copies := report.of("input"):
            return tr("Identical, byte for byte; {copies}.").format(copies=_first(copies))
        return tr("Identical, byte for byte.")
    seen = _seen(report)
    is_within = report.verdict is RerunVerdict.WITHIN
    if not report.reasons:
        words = (
            tr("The same within tolerance: {seen}. Nothing known to matter has changed since.")
            if is_within
            else tr("Different: {seen}. Nothing known to matter has changed since.")
        )
        return words.format(seen=seen)
    words = (
        tr("The same within tolerance: {seen}, probably because {causes}.")
        if is_within
        else tr("Different: {seen}, probably because {causes}.")
    )
    return words.format(seen=seen, causes=_first(report.reasons))


def head(report: Report) -> str:
    """Return the verdict without its causes, for where these are listed."""
    is_within = report.verdict is RerunVerdict.WITHIN
    words = tr("The same within tolerance: {seen}.") if is_within else tr("Different: {seen}.")
    return words.format(seen=_seen(report))


def _seen(report: Report) -> str:
    return "; ".join(dict.fromkeys(map(difference, report.differences)))


def trouble(info: ErrorInfo) -> StudioError:
    """Return an error with the reason for the failure and the remedy."""
    message, hint = translated(info.message, tr), translated(info.hint, tr)
    return StudioError(info.code, message, hint, info.details, info.plugin)


def cause(cause: Cause) -> str:
    """Return a change as a clause: "numpy is 2.4.0 now and was 2.3.1 then"."""
    if cause.what == "result":
        return tr("the old result was changed on the disk since it was saved")
    if cause.what == "record":
        words = tr("the {name} was edited in the database: it was {then} and is {now}")
        return words.format(name=cause.name, then=cause.before, now=cause.after)
    if cause.what == "input":
        words = (
            tr("the file {name} has other contents now, so the library's copy was used")
            if cause.after
            else tr("the file {name} is gone, so the library's copy was used")
        )
        return words.format(name=cause.name)
    name = _subject(cause)
    if cause.what in BY_BYTES:
        words = (
            tr("{name} has other contents now")
            if cause.after
            else tr("{name} was used then and is not now")
        )
        return words.format(name=name)
    nothing = tr("not there")
    words = tr("{name} is {now} now and was {then} then")
    return words.format(name=name, now=cause.after or nothing, then=cause.before or nothing)


def difference(measured: Difference) -> str:
    """Return what differs in a clause."""
    values = {effect.name: effect.value for effect in measured.effects}
    if "pixels that differ" in values:
        return tr("{share} of the pixels differ by up to {most} of 255").format(
            share=percent(values["pixels that differ"] / 100),
            most=f"{values['greatest difference']:g}",
        )
    if "SNR" in values:
        return tr(
            "samples differ by up to {most} of full scale, {ratio} dB below the sound"
        ).format(most=percent(values["greatest difference"]), ratio=f"{values['SNR']:.0f}")
    pieces = [
        pattern.format(count=f"{values[name]:,.0f}")
        for name, pattern in _counts().items()
        if values.get(name)
    ]
    is_complete = all(
        measure.name in _counts() or not measure.value for measure in measured.effects
    )
    return ", ".join(pieces) if pieces and is_complete else translated(measured.words, tr)


def effect(measured: Effect) -> str:
    """Return a measure as a line: "PSNR: 48.1 dB", with its tolerance where it has one."""
    value = f"{measured.value:g} {measured.unit}".strip()
    line = f"{_names().get(measured.name, measured.name)}: {value}"
    if measured.tolerance:
        line += " · " + tr("tolerance {bound}").format(bound=f"{measured.tolerance:g}")
    return line


def _first(causes: Sequence[Cause]) -> str:
    words = [cause(item) for item in causes[:MOST_CAUSES]]
    left = len(causes) - MOST_CAUSES
    if left > 0:
        more = tr("one more change") if left == 1 else tr("{count} more changes")
        words.append(more.format(count=left))
    if len(words) == 1:
        return words[0]
    return tr("{others} and {last}").format(others=", ".join(words[:-1]), last=words[-1])


def _subject(cause: Cause) -> str:
    patterns = {
        "program": "Offline Studio",
        "plugin": tr("the plugin {name}"),
        "model": tr("the model {name}"),
        "file": tr("the file {name}"),
        "setting": tr("the setting “{name}”"),
        "parameter": tr("the parameter “{name}”"),
    }
    devices = {
        "device": tr("the device"),
        "number of threads": tr("the number of threads"),
        "instruction set of the processor": tr("the instruction set of the processor"),
        "system": tr("the system"),
    }
    if cause.what == "device":
        return devices.get(cause.name, cause.name)
    return patterns.get(cause.what, "{name}").format(name=cause.name)


def _counts() -> dict[str, str]:
    return {
        "words added": tr("words added: {count}"),
        "words removed": tr("words removed: {count}"),
        "lines added": tr("lines added: {count}"),
        "lines removed": tr("lines removed: {count}"),
        "notes added": tr("notes added: {count}"),
        "notes removed": tr("notes removed: {count}"),
        "notes moved": tr("notes moved: {count}"),
        "molecules added": tr("molecules added: {count}"),
        "molecules removed": tr("molecules removed: {count}"),
        "bytes that differ": tr("bytes that differ: {count}"),
    }


def _names() -> dict[str, str]:
    counted = {name: words.partition(":")[0] for name, words in _counts().items()}
    return counted | {
        "pixels that differ": tr("Pixels that differ"),
        "greatest difference": tr("Greatest difference"),
        "greatest relative difference": tr("Greatest relative difference"),
    }
