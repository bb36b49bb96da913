"""A studio with a queue, dead at each write of its journal: no job is lost, none is run twice."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from studio.jobs.queue_start import QueueStart
from studio.jobs.resolver import Resolver
from studio.library.library import Library
from studio.library.storage import database, reserved_space
from studio.testing.guards import THOROUGH
from tests.faults.tally import tried
from tests.unit.jobs.queue_desk import QueueDesk, resolve

sys.path.insert(0, str(Path(__file__).parent))
import moment
import promises
import queue_life
import strace
from disk_images import PowerCuts
from strace import Fault

pytestmark = pytest.mark.faults

LIFE = Path(queue_life.__file__)


class Death(NamedTuple):
    """What lay on the disk, and what had been promised by then, as ``queue_life`` says it."""

    home: Path
    said: tuple[tuple[str, Any], ...]

    def subjects(self, of: str) -> set[str]:
        return {subject for what, subject in self.said if what == of}

    def orders(self) -> list[list[str]]:
        """Return the last order; dead while there came another, that one too."""
        found: list[list[str]] = [[]]
        for what, subject in self.said:
            if what in ("order", "ordering"):
                found = [*(found if what == "ordering" else ()), subject]
        return found


@pytest.fixture(autouse=True)
def _one_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Resolver, "resolve", resolve)
    monkeypatch.setattr(reserved_space, "BALLAST_BYTES", 1 << 12)


@pytest.fixture
def deaths(tmp_path: Path) -> list[Death]:
    """One life, with a copy of its home before each write of its database."""
    found: list[Death] = []
    said: list[tuple[str, Any]] = []

    class Dying(sqlite3.Connection):
        def execute(self, sql: str, *more: Any) -> sqlite3.Cursor:
            if sql == "COMMIT":
                target = moment.copy(tmp_path / "home", tmp_path / f"death-{len(found)}")
                found.append(Death(target, tuple(said)))
            return super().execute(sql, *more)

    with pytest.MonkeyPatch.context() as patch:
        connect = sqlite3.connect
        dying = lambda *a, **k: connect(*a, **{**k, "factory": Dying})  # noqa: E731
        patch.setattr(database.sqlite3, "connect", dying)
        queue_life.watch(lambda what, subject: said.append((what, subject)), patch.setattr)
        queue_life.play(tmp_path / "home")
    return found


def survive(death: Death) -> set[str]:
    """Open what is left, let all of it run, and hold it to the promises.

    Returns:
        The titles of what had begun and is told as cut short, or had failed.
    """
    tried()
    owed, stopped = death.subjects("queued"), death.subjects("stopped")
    owed -= death.subjects("stopping")
    desk = QueueDesk(death.home, start=QueueStart.WAIT)
    try:
        waiting = desk.titles()
        assert any(
            [title for title in waiting if title in order]
            == [title for title in order if title in waiting]
            for order in death.orders()
        ), death
        for job in desk.queue.waiting():
            job.resume()
        desk.queue.resume()
        desk.finish()
        made = desk.made()
        again = {job.title for job in desk.studio.jobs.jobs() if job.can_retry}
        assert len(set(made)) == len(made), ("run twice", made, death)
        assert not stopped & set(made), ("run although it was stopped", death)
        assert owed <= {*made, *again}, ("lost", death)
        desk.queue.retry_failed()
        desk.stored()
        desk.finish()
        after = desk.made()
        assert owed <= set(after), ("lost when it was tried again", death)
        assert len(after) <= len(made) + len(again), ("more than what failed was run", death)
        assert desk.studio.library.verify().ok
        return again
    finally:
        desk.studio.close()


def test_dead_before_every_write_of_the_database(deaths: list[Death]) -> None:
    assert len(deaths) > 30, "the session writes at many moments"
    lost = [survive(death) for death in deaths]
    assert sum(map(bool, lost)) > 3, "some died while a job ran, or after it had failed"
    assert not all(lost), "others while none did"


def test_the_check_sees_a_job_that_is_lost_and_one_that_is_run_twice(deaths: list[Death]) -> None:
    """The control: with a row taken away, or with a result that nobody knows, it complains."""
    death = next(each for each in deaths if len(each.subjects("queued")) == 4)
    change(death, "DELETE FROM jobs WHERE title = 'made'")
    with pytest.raises(AssertionError, match="lost"):
        survive(death)
    began = "UPDATE jobs SET state = 'queued', request = '{}' WHERE title = 'made'"
    late, later = deaths[-2:]
    change(late, began)
    assert "made" in survive(late), "what has a result has begun, whatever was noted"
    change(later, began, "UPDATE artifacts SET record = ''")
    with pytest.raises(AssertionError, match="run twice"):
        survive(later)


def change(death: Death, *statements: str) -> None:
    with (
        Library.open(death.home / "library") as library,
        library._database.write("do harm") as connection,
    ):
        for statement in statements:
            connection.execute(statement)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_system_calls_that_write(tmp_path: Path) -> None:
    strace.required()
    calls = ["fsync", "fdatasync", "rename", "unlink", "pwrite64"]
    tries = 24 if THOROUGH else 5
    lost = []
    with strace.Traced(LIFE) as life:
        counted = life.count_calls(calls, tmp_path / "unharmed", tmp_path / "said")
        assert all(counted[call] for call in calls), counted
        for call in calls:
            for number in range(1, counted[call] + 1, max(1, counted[call] // tries)):
                home, said = tmp_path / f"home-{call}-{number}", tmp_path / f"{call}-{number}"
                status, happened = life.run(Fault(call, "signal=SIGKILL", str(number)), home, said)
                if not happened:  # each thread counts its own calls; none made so many
                    break
                assert status == -9
                lost.append(survive(Death(home, tuple(promises.read(said)))))
    assert len(lost) > 15, "it died at many moments"
    assert any(lost), "some of them while a job ran"


def cut(tmp_path: Path, *, every: int, seed: int, careless: bool = False) -> list[Death]:
    """Return what a power cut leaves of the session, at some of the moments it waits for."""
    found: list[Death] = []
    said: list[tuple[str, Any]] = []
    cuts = PowerCuts(
        tmp_path / "home",
        tmp_path,
        lambda image: found.append(Death(image, tuple(said))),
        every=every,
        seed=seed,
        careless=careless,
    )
    with pytest.MonkeyPatch.context() as patch:
        queue_life.watch(lambda what, subject: said.append((what, subject)), patch.setattr)
        cuts.watch(patch.setattr)
        queue_life.play(tmp_path / "home")
    cuts.close()
    assert cuts.is_full_sync, "SQLite is told to wait for the disk"
    return found


@pytest.mark.slow
def test_no_power_cut_loses_a_job_or_runs_one_twice(tmp_path: Path) -> None:
    images = cut(tmp_path, every=2, seed=2026)
    assert len(images) > 20, "the power goes at many moments"
    lost = [survive(image) for image in images]
    assert any(lost), "some of them while a job ran"


@pytest.mark.slow
def test_without_syncing_the_same_cuts_lose_jobs(tmp_path: Path) -> None:
    """The control: what was only written is really gone from the images."""
    images = cut(tmp_path, every=6, seed=2026, careless=True)
    assert any("('lost'" in complaint(image) for image in images)


def complaint(image: Death) -> str:
    try:
        survive(image)
    except AssertionError as error:
        return str(error)
    return ""
