"""Run again on a real runtime with the shipped models: the same machine makes the same bytes.

One studio makes results of many tasks, and runs them again; that all tasks make the same bytes on
models that have learned nothing is shown in `tests/plugins/test_every_task.py`. Each verdict has
its control: what is written into a record is what is named as the cause.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api.artifacts import SavedArtifact
from studio.api.jobs import JobRequest
from studio.cli.rerun import at_once
from studio.jobs.job import Job
from studio.rerun.report import Report
from studio.rerun.rerun import Rerun
from studio.studio import Studio
from studio.testing.inproc import pump_until
from studio_image import picture_arrays
from tests.plugins.test_every_task import GOAL, _tune

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.torch]

STARTER = Path(__file__).parents[2] / "resources" / "weights" / "starter"
WITHOUT_A_RESULT = (
    "molecules.convert",
    "molecules.match",
    "molecules.shape",
    "code.run",
    "music.engrave",
)
"""They hand over what they find: that is compared."""
FETCHED = ("chat.reply", "image.enlarge")
"""Their models are fetched by the set-up."""


@dataclass(frozen=True)
class Case:
    """A small job."""

    params: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Any] = field(default_factory=dict)


def picture() -> bytes:
    rows, columns = np.mgrid[:24, :24]
    return picture_arrays.png(
        np.stack([rows * 8, columns * 8, rows + columns], -1).astype(np.uint8)
    )


CASES: dict[str, Case] = {
    "image.generate": Case({"prompt": "a fox", "count": 2, "steps": 2, "enlarge": False}),
    "image.enlarge": Case({"factor": "2"}, {"image": picture()}),
    "molecules.generate": Case({"count": 12}),
    "molecules.analogues": Case({"lead": "CCOc1ccccc1", "count": 4, "similarity": 0.2}),
    "molecules.improve": Case({"lead": "CCOc1ccccc1", "budget": 20, "goal": GOAL}),
    "molecules.predict": Case({"smiles": "CCO\nc1ccccc1", "admet": False}),
    "music.compose": Case({"bars": 2, "audio": False}),
    "music.harmonise": Case({"passes": 1, "audio": False}, {"piece": _tune()}),
    "music.back": Case({"audio": False}, {"piece": _tune()}),
    "molecules.match": Case({"pattern": "CO"}, {"smiles": ["CCO", "CCN"]}),
    "molecules.convert": Case({"structure": "CCO"}),
    "molecules.shape": Case({"smiles": "CCO"}),
    "code.run": Case({"path": "it.py"}, {"files": [{"path": "it.py", "text": "print(6 * 7)"}]}),
    "music.engrave": Case({}, {"piece": _tune()}),
    "music.effect": Case({"prompt": "a small coin into a drip", "count": 2}),
    "chat.reply": Case({"prompt": "Name a colour.", "max_tokens": 12}),
}


class Desk:
    """A studio with its real runtime, and verbs to use them with."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.studio = Studio.open(home=home)

    def make(self, task: str, params: Mapping[str, Any], inputs: Mapping[str, Any]) -> Job:
        job = self.studio.submit(JobRequest(task, params, inputs=inputs))
        pump_until(self.studio, lambda: not job.is_live, 300)
        assert job.error is None, job.error
        return job

    def again(self, id: str) -> Report:
        told: list[Report] = []
        Rerun(self.studio, id, at_once, told.append).start()
        pump_until(self.studio, lambda: bool(told), 300)
        return told[0]

    def change(self, statement: str, *values: Any) -> None:
        """Write to the database behind the library's back."""
        with closing(sqlite3.connect(self.home / "library" / "library.db")) as database, database:
            database.execute(statement, values)

    def tamper(self, result: SavedArtifact, data: bytes) -> None:
        path = self.studio.library.payload_path(self.studio.library.artifact(result.id))
        path.chmod(0o600)
        path.write_bytes(data)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = Desk(tmp_path_factory.mktemp("again") / "home")
    yield desk
    desk.studio.close()


@pytest.mark.parametrize("task", CASES)
def test_a_task_makes_the_same_bytes_again(desk: Desk, task: str) -> None:
    if task in FETCHED and not any(STARTER.glob("*.gguf")):
        pytest.skip("the starter weights are not here")
    job = desk.make(task, CASES[task].params, CASES[task].inputs)
    report = desk.again(job.record)
    assert report.verdict == "identical", report.sentence
    assert len(report.made) == len(job.artifacts)
    assert bool(job.artifacts) == (task not in WITHOUT_A_RESULT)
    assert report.causes == ()


def test_it_would_be_seen_if_a_task_returned_something_else(desk: Desk) -> None:
    job = desk.make("molecules.match", {"pattern": "CO"}, {"smiles": ["CCO", "CCN"]})
    asked = json.dumps({**desk.studio.library.record(job.record).params, "pattern": "CN"})
    desk.change("UPDATE records SET params = ? WHERE id = ?", asked, job.record)
    report = desk.again(job.record)
    assert report.verdict == "different"
    assert report.sentence.startswith("Different: what it returned differs (")


def test_a_score_that_was_read_is_read_again(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "in.abc"
    tune = "X:1\nT:A\nM:4/4\nL:1/4\nK:C\nCDEF|\n"
    file.write_text(tune)
    job = desk.make("music.open", {"file": str(file)}, {})
    assert desk.again(job.record).verdict == "identical"
    file.write_text(tune.replace("CDEF", "CDEG"))
    assert desk.again(job.record).verdict == "identical", "of the copy in the library"
    unkept = json.dumps({str(file): "0" * 64})
    desk.change("UPDATE records SET files = ? WHERE id = ?", unkept, job.record)
    report = desk.again(job.record)
    assert report.verdict == "different"
    assert [cause.words for cause in report.causes] == ["the file in.abc has other contents now"]
    assert report.differences[0].words == "1 note was added and 1 note was removed"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("torch", "1.0", " now and was 1.0 then"),
        ("plugin", "0.0.1", "the plugin molecules is "),
        ("instructions", "mmx", "the instruction set of the processor is "),
        ("offline-studio", "0.0", "Offline Studio is "),
        ("rdkit", "2020.1", "rdkit is "),
    ],
)
def test_what_a_record_says_of_then_is_named(desk: Desk, name: str, value: str, words: str) -> None:
    job = desk.make("molecules.generate", {"count": 5, "seed": 3}, {})
    known = desk.studio.library.record(job.record).versions
    assert known.keys() >= {"plugin files", "threads", "numpy", name}
    stored = json.dumps({**known, name: value})
    desk.change("UPDATE records SET versions = ? WHERE id = ?", stored, job.record)
    (cause,) = desk.again(job.record).causes
    assert cause.words.startswith(words) or words in cause.words


def test_another_device_and_other_weights_are_named_and_a_tampered_result_is_measured(
    desk: Desk,
) -> None:
    job = desk.make("molecules.generate", {"count": 5, "seed": 3}, {})
    (weights,) = desk.studio.library.record(job.record).weights
    told = json.dumps({weights: "0" * 64})
    desk.change(
        "UPDATE records SET weights = ?, device = 'an abacus' WHERE id = ?", told, job.record
    )
    payload = job.artifacts[0].read()
    header, _, *others = payload.splitlines(keepends=True)
    desk.tamper(job.artifacts[0], b"".join([header, *others]))
    report = desk.again(job.record)
    assert report.verdict == "different"
    assert [cause.what for cause in report.causes] == ["result", "model", "device"]
    assert report.differences[0].words == "1 molecule was added"


def test_other_instructions_are_named_as_the_cause_of_what_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.delenv("ATEN_CPU_CAPABILITY", raising=False)
    first = Desk(home)
    tasks = ("image.enlarge", "molecules.generate")
    few = {"molecules.generate": {"count": 1}}  # of old instructions each takes its time
    made = [
        first.make(task, {**CASES[task].params, **few.get(task, {})}, CASES[task].inputs).record
        for task in tasks
    ]
    first.studio.close()
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "default")
    second = Desk(home)
    try:
        reports = [second.again(record) for record in made]
    finally:
        second.studio.close()
    for report in reports:
        (cause,) = report.causes
        assert (cause.what, cause.name, cause.after) == ("setting", "torch instructions", "default")
    picture, molecules = reports
    assert molecules.verdict in ("identical", "within"), molecules.sentence
    if picture.verdict != "identical":  # sums in another order: within, or not
        assert "probably because the setting “torch instructions”" in picture.sentence
