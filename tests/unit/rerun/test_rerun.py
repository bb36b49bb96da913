"""Running again: a verdict with causes and effects, or a sentence that says what is missing."""

from __future__ import annotations

import hashlib
import json
import re
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from studio.jobs.job import Job
from studio.protocol.errors import ErrorCode, StudioError
from studio.rerun.report import Report
from studio.rerun.rerun import Rerun
from studio.testing.inproc import pump_until
from studio.testing.scripted import Artifact, Fail, Result, Stall, Tokens
from tests.unit.rerun.rerun_desk import BLUE, GREEN, RED, Desk, made, picture


@pytest.fixture
def desk(shared_desk: Desk) -> Desk:
    return shared_desk


# --- verdicts ---------------------------------------------------------------------------------


def test_the_same_bytes_are_identical_and_asked_for_alike(desk: Desk) -> None:
    grey = memoryview(array("f", [0.5] * 6)).cast("B").cast("f", (2, 3))
    job = desk.made(prompt="a fox", inputs={"array": grey})
    report = desk.again(job.artifacts[0].id, *made(RED))
    assert (report.verdict, report.causes, report.differences) == ("identical", (), ())
    first, second = desk.runtime.submitted[-2:]
    assert (first.params, first.seed, first.specs) == (second.params, second.seed, second.specs)
    assert desk.library.artifact(report.made[0]).digest == hashlib.sha256(RED).hexdigest()


@pytest.mark.parametrize(("red", "verdict"), [(201, "within"), (0, "different")])
def test_other_pixels_are_measured(desk: Desk, red: int, verdict: str) -> None:
    job = desk.made()
    report = desk.again(job.artifacts[0].id, *made(picture((red, 0, 0))))
    assert report.verdict == verdict
    most = next(e for e in report.differences[0].effects if e.name == "greatest difference")
    assert most.value == abs(red - 200)
    assert f"100% of the pixels differ by up to {most.value} of 255" in report.sentence


def test_a_result_that_was_changed_on_the_disk_is_told_by_its_effect(desk: Desk) -> None:
    job = desk.made(Artifact("image", GREEN, ".png"), Result())
    artifact = desk.library.artifact(job.artifacts[0].id)
    path = desk.library.payload_path(artifact)
    assert desk.again(artifact.id, *made(GREEN)).verdict == "identical", "control"
    path.chmod(0o600)
    path.write_bytes(BLUE)
    report = desk.again(artifact.id, *made(GREEN))
    assert report.verdict == "different"
    assert [cause.what for cause in report.causes] == ["result"]
    assert report.sentence.startswith("Different: 100% of the pixels differ by up to 200 of 255")
    assert "the old result was changed on the disk since it was saved" in report.sentence
    path.unlink()
    gone = desk.again(artifact.id)
    assert gone.verdict == "cannot"
    assert "nothing to compare with" in gone.sentence


@pytest.mark.parametrize(
    ("column", "known", "what", "words"),
    [
        ("device", "", "device", "the device is scripted now and was an abacus then"),
        ("versions", {"plugin": "0.9"}, "plugin", "the plugin maker is 1.0.0 now and was 0.9 then"),
        ("versions", {"plugin files": "00112233"}, "plugin", "was build 00112233 then"),
        ("versions", {"threads": "99"}, "device", "the number of threads is"),
    ],
)
def test_what_is_another_now_is_named(
    desk: Desk, column: str, known: Any, what: str, words: str
) -> None:
    job = desk.made()
    same = desk.again(job.artifacts[0].id, *made(BLUE))
    assert same.causes == (), "control"
    record = desk.library.record(job.record)
    value = json.dumps({**record.versions, **known}) if known else "an abacus"
    desk.change(f"UPDATE records SET {column} = ? WHERE id = ?", value, job.record)
    report = desk.again(job.artifacts[0].id, *made(BLUE))
    assert report.verdict == "different"
    assert [cause.what for cause in report.causes] == [what]
    assert words in report.causes[0].words
    assert report.causes[0].words in report.sentence


def test_what_was_edited_in_the_database_is_named(desk: Desk) -> None:
    job = desk.made()
    seed = desk.library.record(job.record).seed
    desk.change("UPDATE records SET seed = ? WHERE id = ?", 4711, job.record)
    report = desk.again(job.artifacts[0].id, *made(BLUE))
    assert report.verdict == "different"
    (cause,) = report.causes
    assert cause.words == f"the seed was edited in the database: it was {seed} and is 4711"
    assert cause.words in report.sentence


def test_of_several_results_each_is_compared_with_the_one_in_its_place(desk: Desk) -> None:
    both = (Artifact("image", RED, ".png"), Artifact("image", BLUE, ".png"), Result())
    job = desk.made(*both)
    first, second = (each.id for each in job.artifacts)
    assert desk.again(second, *both).verdict == "identical"
    assert desk.again(job.record, *both).verdict == "identical"
    desk.library.erase([first])
    assert desk.again(second, *both).verdict == "identical", "though another is the first now"
    fewer = desk.again(second, Result())
    assert fewer.verdict == "different"
    assert "no new result in its place" in fewer.sentence


def test_the_plugin_measures_its_own_kinds_and_the_studio_where_that_fails(desk: Desk) -> None:
    job = desk.made(Artifact("mesh", b"one", ".obj"), Result())
    other = (Artifact("mesh", b"two", ".obj"), Result())
    effects = [{"name": "corners", "value": 2, "tolerance": 5}]
    said = Result(words="2 corners moved", effects=effects)
    report = desk.again(job.artifacts[0].id, *other, comparison=said)
    assert (report.verdict, report.differences[0].words) == ("within", "2 corners moved")
    asked = desk.runtime.submitted[-1]
    assert (asked.task, asked.params["suffix"]) == ("maker.compare", ".obj")
    assert bytes(desk.runtime.inputs_of(asked)["before"]) == b"one"
    for broken in (Result(words=3), Fail(StudioError(ErrorCode.BAD_INPUT, "No mesh."))):
        report = desk.again(job.artifacts[0].id, *other, comparison=broken)
        assert report.differences[0].words == "1 line was added and 1 line was removed"


# --- weights, files ---------------------------------------------------------------------------


def leased(desk: Desk, job: Job, id: str, file: Path) -> None:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    desk.library.records.complete(job.record, weights={id: digest})


@pytest.mark.parametrize("is_vouched_for", [True, False])
def test_weights_are_found_by_their_bytes_wherever_they_lie(
    desk: Desk, is_vouched_for: bool
) -> None:
    desk.forget_weights()
    file = desk.weights("small", b"1")
    job = desk.made(weights="small")
    leased(desk, job, "small", file)
    file.unlink()
    file.with_suffix(".toml").unlink()
    desk.weights("another", b"2")
    sidecar = desk.weights("renamed", b"1").with_suffix(".toml")
    if not is_vouched_for:
        sidecar.write_text(re.sub("sha256 = .*", "", sidecar.read_text()))
    desk.studio.weights.rescan()
    report = desk.again(job.artifacts[0].id, *made(RED))
    assert report.verdict == "identical", report.sentence
    assert desk.runtime.submitted[-1].params["weights"] == "renamed"


def test_weights_that_are_nowhere_are_named(desk: Desk) -> None:
    desk.forget_weights()
    file = desk.weights("small", b"1")
    job = desk.made(weights="small")
    leased(desk, job, "small", file)
    file.unlink()
    file.with_suffix(".toml").unlink()
    desk.weights("other", b"2")
    report = desk.again(job.artifacts[0].id)
    assert report.verdict == "cannot"
    assert "The model “small”, which made this, is not on this machine" in report.sentence
    assert str(desk.home / "weights") in report.sentence


# --- what cannot be run again -----------------------------------------------------------------


DAMAGED = "What the library says of this result is damaged"


def record_says(column: str, value: Any) -> Callable[[Desk, Job], None]:
    """Return what makes a record say something else."""
    told = value if isinstance(value, str) else json.dumps(value)

    def spoil(desk: Desk, job: Job) -> None:
        desk.change(f"UPDATE records SET {column} = ? WHERE id = ?", told, job.record)

    return spoil


def lose_record(desk: Desk, job: Job) -> None:
    desk.change("DELETE FROM records WHERE id = ?", job.record)


def by_a_stranger(desk: Desk, job: Job) -> None:
    for column, value in (("task", "stranger.do"), ("plugin", "stranger")):
        record_says(column, value)(desk, job)
    record_says("versions", {"plugin": "2.1"})(desk, job)


def with_an_input_that_went(desk: Desk, job: Job) -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    desk.library.keep_inputs({digest: b"x"})
    record_says("inputs", {"mask": digest})(desk, job)


def switch_off(desk: Desk, job: Job) -> None:
    desk.studio.plugins.switch_off("maker")


def by_hand(desk: Desk, job: Job) -> None:
    desk.change("UPDATE artifacts SET record = '' WHERE record = ?", job.record)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (record_says("params", "{broken"), "The record of how this was made is damaged."),
        (lose_record, "its record is missing"),
        (
            record_says("inputs", {"array": "0" * 64}),
            "what it is made from (array) is not in",
        ),
        (
            record_says("specs", {"array": {"dtype": 3}}),
            DAMAGED,
        ),
        (
            by_a_stranger,
            "The plugin “stranger”, which made this, is not installed. Install stranger 2.1",
        ),
        (record_says("task", "maker.mould"), "Maker 1.0.0 no longer has the task “maker.mould”."),
        (record_says("params", {"wheels": 4}), "There is no parameter called 'wheels'"),
        (with_an_input_that_went, "“Make” takes no input called “mask”"),
        (switch_off, "Maker, which made this, cannot be used now: it is off."),
        (by_hand, "Nobody knows how this was made"),
    ],
)
def test_what_is_missing_is_said(
    desk: Desk, spoil: Callable[[Desk, Job], None], sentence: str
) -> None:
    job = desk.made()
    assert desk.again(job.artifacts[0].id, *made(RED)).verdict == "identical", "control"
    before = len(desk.runtime.submitted)
    spoil(desk, job)
    report = desk.again(job.artifacts[0].id)
    desk.studio.plugins.switch_on("maker")
    assert report.verdict == "cannot"
    assert sentence in report.sentence
    assert report.trouble is not None
    assert report.trouble.hint
    assert len(desk.runtime.submitted) == before, "nothing was begun"


def test_a_library_that_cannot_be_written_says_so(desk: Desk) -> None:
    job = desk.made()
    reader = desk.opened()
    assert reader.library.read_only
    told: list[Report] = []
    Rerun(reader, job.artifacts[0].id, reader._background.run, told.append).start()
    pump_until(reader, lambda: bool(told))
    reader.close()
    assert told[0].verdict == "cannot"
    assert "another" in told[0].sentence.lower()


def test_a_job_that_fails_or_is_stopped_is_no_verdict(desk: Desk) -> None:
    job = desk.made()
    id = job.artifacts[0].id
    report = desk.again(id, Fail(StudioError(ErrorCode.BAD_INPUT, "It is too dark.", "Wait.")))
    assert (report.verdict, report.sentence) == ("cannot", "It is too dark. Wait.")
    desk.runtime.enqueue(Stall())
    told: list[Report] = []
    rerun = Rerun(desk.studio, id, desk.studio._background.run, told.append)
    rerun.start()
    pump_until(desk.studio, lambda: rerun.job is not None and rerun.job.begun)
    assert rerun.job is not None
    rerun.job.cancel()
    pump_until(desk.studio, lambda: bool(told))
    assert told[0].sentence == "It was stopped before it was done. Run it again."


def test_a_message_is_compared_by_its_words_though_its_record_has_none(desk: Desk) -> None:
    talks = desk.library.conversations
    talk = talks.create("On foxes")
    asked = talks.add_message(talk.id, None, "user", "a fox?")
    digest = hashlib.sha256(
        msgspec.json.encode([{"role": "user", "content": "a fox?"}])
    ).hexdigest()
    record = desk.library.add_record(
        "maker.say", {}, seed=3, plugin="maker", inputs={"messages": digest}, conversation=talk.id
    )
    reply = talks.add_message(talk.id, asked.id, "assistant", "red it is", record=record.id)
    same = desk.again(reply.id, Tokens("red ", "it is"), Result())
    assert same.verdict == "identical", same.sentence
    assert desk.library.find(record=same.record) == [], "and nothing of it is kept"
    other = desk.again(reply.id, Tokens("red it was"), Result())
    assert other.verdict == "different"
    assert "1 word was added and 1 word was removed" in other.sentence
    desk.change("UPDATE messages SET content = 'a wolf?' WHERE id = ?", asked.id)
    changed = desk.again(reply.id)
    assert "(messages) is not in the library" in changed.sentence
