"""The queue is of the library: it outlives the studio with its order, and says what became."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.api.jobs import JobRequest
from studio.jobs import job_queue, queue_start
from studio.jobs.queue_start import QUEUE_START, QueueStart
from studio.jobs.resolver import Resolver
from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.messages import Arrange, Pause, Resume
from studio.protocol.states import JobState, Priority
from studio.studio import Studio
from studio.testing.scripted import Become, Fail, Stall, Step
from tests.unit.jobs.queue_desk import MAKES, QueueDesk, resolve

Open = Callable[..., QueueDesk]
WAITS = (Become(JobState.WAITING, "for memory"), Stall())


def test_what_waits_outlives_a_kill_in_its_order_and_goes_on_by_itself(life: Open) -> None:
    first = life()
    first.queue.pause()
    for prompt in "abc":
        first.submit(prompt, parents=["parent"])
    first.queue.resume()
    first.queue.pause()
    first.queue.move(first.queue.waiting()[2], 0)
    second = life(first, start=QueueStart.GO_ON)
    assert second.titles() == ["c", "a", "b"]
    assert second.queue.paused, "the user had paused it"
    assert any("The queue is paused. 3 jobs are waiting." in n.message for n in notices(second))
    second.queue.resume()
    second.finish()
    assert second.made() == ["c", "a", "b"]
    assert all(second.studio.library.inputs(a.id) == ["parent"] for a in found(second))


def test_what_becomes_of_the_queue_is_told_in_the_language_of_the_window(life: Open) -> None:
    first = life()
    first.queue.pause()
    first.submit("a")
    second = life(first)
    second.studio.notices.tr = str.upper
    queue_start.take_up(
        second.queue, QueueStart.GO_ON, second.studio.notices, second.queue.waiting()
    )
    [told] = [each for each in notices(second) if each.message.isupper()]
    assert (told.message, told.actions[0].title) == (
        "THE QUEUE IS PAUSED. 1 JOB IS WAITING.",
        "RESUME",
    )


def test_the_same_seed_and_inputs_are_run_as_were_asked_for(life: Open) -> None:
    first = life()
    first.queue.pause()
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    job = first.submit("a", inputs={"image": image, "mask": b"bytes"})
    second = life(first)
    second.queue.resume()
    second.finish()
    [sent] = second.runtime.submitted
    assert sent.seed == job.recipe.seed
    assert (sent.specs["image"].shape, sent.specs["image"].dtype) == ((2, 2, 3), "uint8")
    assert sent.specs["mask"].dtype == "bytes"
    given = second.runtime.inputs_of(sent)
    assert (given["mask"], given["image"]) == (b"bytes", image.tobytes())


def test_what_ran_is_told_as_cut_short_and_tried_again_by_one_click(life: Open) -> None:
    first = life(jobs=0)
    first.runtime.enqueue(Step(1, 2), Stall())
    running = first.submit("a", inputs={"mask": b"bytes"})
    first.until(lambda: running.total)
    second = life(first)
    assert second.over() == [("a", "lost")]
    [told] = [n for n in notices(second) if "closed while 1 job was running" in n.message]
    assert second.made() == [], "it is not run again by itself"
    [retry] = told.actions
    retry.run()
    second.until(second.made)
    second.finish()
    assert second.over() == [("a", "done")], "the new row has taken the place of the old one"
    [sent] = second.runtime.submitted
    assert (sent.seed, second.runtime.inputs_of(sent)["mask"]) == (running.recipe.seed, b"bytes")
    third = life(second)
    assert third.over() == []


def test_what_is_asked_for_while_the_queue_is_read_is_run_once(
    life: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = life()
    first.queue.pause()
    first.submit("a")
    take_up = Studio.take_up_queue

    def early(studio: Studio, start: Any = None) -> None:
        take_up(studio, start)
        studio.submit(JobRequest("toy.draw", {"prompt": "b"}, title="b"))
        told: list[None] = []
        studio.jobs._disk.run(lambda: None, told.append)
        while not told:
            studio.pump(0.01)

    monkeypatch.setattr(Studio, "take_up_queue", early)
    second = life(first)
    assert second.titles() == ["a", "b"]
    second.queue.resume()
    second.finish()
    assert (sorted(second.made()), len(second.runtime.submitted)) == (["a", "b"], 2)


def test_stopping_all_keeps_what_is_finished_and_begins_nothing(life: Open) -> None:
    desk = life(jobs=0)
    desk.runtime.in_turn = True
    desk.runtime.enqueue(MAKES, Step(1, 2), Stall())
    jobs = [desk.submit(prompt, inputs={"mask": prompt.encode()}) for prompt in "abc"]
    desk.until(lambda: jobs[0].artifacts)
    desk.studio.jobs.cancel_all()
    desk.finish()
    assert desk.over() == [(prompt, "cancelled") for prompt in "abc"]
    assert desk.made() == ["a"]
    after = life(desk)
    assert (after.titles(), after.over(), after.made()) == ([], [], ["a"])
    assert after.studio.library.verify().ok


def test_how_long_it_will_take_is_what_it_took_before(life: Open) -> None:
    desk = life()
    durations = desk.studio.jobs.durations
    desk.queue.pause()
    jobs = [desk.submit(prompt) for prompt in "abc"]
    assert durations.to_end(jobs) is None
    desk.stored()
    assert durations.to_end(jobs) is None, "nothing like it was done"
    jobs[1].pause()
    desk.queue.resume()
    desk.until(lambda: not (jobs[0].is_live or jobs[2].is_live))
    jobs[1].resume()
    desk.queue.pause()
    told: list[None] = []
    desk.queue.on_change(lambda: told.append(None))
    again = desk.submit("d")
    durations.to_end([again])
    desk.until(lambda: durations.to_end([again]) is not None)
    assert told, "who shows it is told that more is known"
    left = durations.to_end([again, desk.submit("e")])
    assert left is not None
    assert (round(left.seconds, 2), left.unknown) == (0.02, 0)
    again.pause()
    held = durations.to_end([again])
    assert held is None, "what is held is not waited for"


def test_only_what_failed_is_tried_again(life: Open) -> None:
    desk = life(jobs=0)
    for script in ((MAKES,), (Fail(StudioError(ErrorCode.OUT_OF_MEMORY, "No.")),), (MAKES,)):
        desk.runtime.enqueue(*script)
    jobs = [desk.submit(prompt) for prompt in "abc"]
    desk.finish()
    desk.runtime.enqueue(MAKES)
    desk.queue.retry_failed()
    assert jobs[1].retrying
    desk.queue.retry_failed()
    desk.until(lambda: desk.studio.jobs.live())
    desk.finish()
    assert sorted(desk.made()) == ["a", "b", "c"]
    assert len(desk.runtime.submitted) == 4


def test_what_failed_can_be_tried_again_in_the_next_session_until_it_is_cleared(life: Open) -> None:
    first = life(jobs=0)
    first.runtime.enqueue(Fail(StudioError(ErrorCode.OUT_OF_MEMORY, "No.")))
    first.submit("a", inputs={"mask": b"secret"})
    first.finish()
    second = life(first)
    assert second.over() == [("a", "failed")]
    [job] = second.studio.jobs.jobs()
    assert (job.words, job.can_retry) == ("No.", True)
    second.studio.jobs.forget_over()
    second.stored()
    assert list(second.studio.library.kept_inputs._store.inputs()) == []
    assert life(second).over() == []


def test_inputs_go_when_a_job_that_waited_is_stopped(life: Open) -> None:
    desk = life()
    desk.queue.pause()
    job = desk.submit("a", inputs={"mask": b"bytes"})
    desk.stored()
    assert len(list(desk.studio.library.kept_inputs._store.inputs())) == 1
    job.cancel()
    desk.finish()
    desk.stored()
    assert list(desk.studio.library.kept_inputs._store.inputs()) == []
    assert life(desk).titles() == []


def test_a_stop_is_kept_although_the_runtime_has_not_heard_of_it(life: Open) -> None:
    desk = life(jobs=0)
    desk.runtime.enqueue(WAITS[0], Stall(stubborn=True), MAKES)
    job = desk.submit("a")
    desk.until(lambda: desk.runtime.submitted)
    job.cancel()
    desk.finish()
    assert job.state is JobState.CANCELLED
    assert life(desk).titles() == []
    desk.runtime.release()


def test_rows_whose_plugin_weights_or_inputs_are_gone_say_so_and_others_go_on(
    life: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = life()
    first.queue.pause()
    first.submit("a", inputs={"mask": b"bytes"})
    for prompt in "bcd":
        first.submit(prompt)
    first.stored()
    for path in (first.home / "library").glob("objects/*/*.input"):
        path.unlink()
    library = first.studio.library
    entry = library.jobs.waiting()[3]
    with library._database.write("damage a request") as connection:
        wrong = '{"specs": 3}'
        connection.execute("UPDATE jobs SET request = ? WHERE id = ?", (wrong, entry.id))

    def gone(studio: Studio, request: JobRequest) -> Any:
        if request.params["prompt"] == "b":
            raise StudioError(ErrorCode.NOT_FOUND, "There is no task “toy.draw”.", "Install it.")
        return resolve(studio, request)

    monkeypatch.setattr(Resolver, "resolve", gone)
    second = life(first)
    second.queue.resume()
    second.finish()
    assert second.made() == ["c"]
    told = {job.title: job.words for job in second.studio.jobs.jobs() if job.can_retry}
    assert told["a"].startswith("This cannot be run: what it is made from (mask)")
    assert told["b"] == "There is no task “toy.draw”."
    assert "another version of Offline Studio" in told["d"]
    monkeypatch.setattr(Resolver, "resolve", resolve)
    third = life(second)
    third.queue.retry_failed()
    third.until(lambda: len(third.made()) == 2)
    assert third.made() == ["c", "b"]
    assert sum("cannot be run" in n.message for n in notices(third)) == 1
    assert sum("another version" in n.message for n in notices(third)) == 1


@pytest.mark.parametrize(
    ("start", "waits", "said"),
    [
        (QueueStart.GO_ON, False, "Continuing with 2 jobs from the last session."),
        (QueueStart.ASK, True, "2 jobs from the last session are still in the queue."),
        (QueueStart.WAIT, True, "The queue is paused. 2 jobs are waiting."),
    ],
)
def test_the_user_chooses_what_becomes_of_the_queue_at_a_start(
    life: Open, start: QueueStart, waits: bool, said: str
) -> None:
    first = life()
    first.queue.pause()
    first.submit("a")
    first.submit("b")
    first.studio.settings.set(QUEUE_START, start.value)
    first.queue._set_paused(False)
    first.queue._paused = True  # so nothing is sent before the kill
    second = life(first)
    assert second.queue.paused is waits
    [notice] = [n for n in notices(second) if n.message == said]
    if waits:
        assert second.made() == []
        notice.actions[0].run()
    second.finish()
    assert second.made() == ["a", "b"]


def test_closing_leaves_what_waits_and_loses_what_runs(life: Open) -> None:
    first = life(jobs=0)
    first.runtime.enqueue(Step(1, 2), Stall())
    running = first.submit("a")
    first.until(lambda: running.total)
    first.runtime.enqueue(*WAITS, MAKES)
    first.submit("b")
    first.until(lambda: len(first.runtime.submitted) == 2)
    first.studio.close()
    second = QueueDesk(first.home)
    assert second.over() == [("a", "lost")]
    second.until(second.made)
    second.finish()
    assert second.made() == ["b"]
    second.studio.close()
    first.studio = life().studio


def test_one_row_is_held_while_others_go_and_stays_held(life: Open) -> None:
    first = life()
    first.queue.pause()
    held, _ = first.submit("a"), first.submit("b")
    held.pause()
    first.queue.resume()
    first.until(lambda: first.made() == ["b"])
    assert held.state is JobState.PAUSED
    second = life(first)
    assert second.titles() == ["a"]
    [job] = second.queue.waiting()
    assert (job.held, job.state) == (True, JobState.PAUSED)
    job.resume()
    second.finish()
    assert second.made() == ["b", "a"]


def test_pause_and_order_reach_what_the_runtime_has(life: Open) -> None:
    desk = life(jobs=0)
    for _ in range(3):
        desk.runtime.enqueue(*WAITS, MAKES)
    jobs = [desk.submit(prompt) for prompt in "abc"]
    desk.until(lambda: len(desk.runtime.submitted) == 3)
    desk.queue.pause()
    assert [job.state for job in jobs] == [JobState.PAUSED] * 3
    desk.queue.move(jobs[2], 0)
    desk.queue.resume()
    assert [job.state for job in jobs] == [JobState.WAITING] * 3
    desk.until(lambda: sum(isinstance(m, Resume) for m in desk.runtime.received) == 3)
    assert sum(isinstance(m, Pause) for m in desk.runtime.received) == 3
    orders = [m.jobs for m in desk.runtime.received if isinstance(m, Arrange)]
    assert [id for id, _ in orders[-1]] == [jobs[2].id, jobs[0].id, jobs[1].id]
    desk.runtime.release()
    desk.finish()


def test_a_row_that_is_moved_takes_the_class_of_its_place(life: Open) -> None:
    desk = life()
    desk.queue.pause()
    for prompt, priority in zip("abcd", ("interactive", "normal", "normal", "background")):
        desk.submit(prompt, priority=Priority(priority))
    a, b, c, d = desk.queue.waiting()
    desk.queue.move(d, 0)
    assert (desk.titles(), d.recipe.priority) == (list("dabc"), Priority.INTERACTIVE)
    desk.queue.move(a, 3)
    assert (desk.titles(), a.recipe.priority) == (list("dbca"), Priority.NORMAL)
    desk.queue.prioritise(b, Priority.BACKGROUND)
    assert desk.titles() == list("dcab")
    c.promote()
    assert desk.titles() == list("cdab")
    desk.queue.move(c, 99)
    assert desk.titles() == list("dabc")
    again = life(desk)
    assert again.titles() == list("dabc")
    assert [job.recipe.priority for job in again.queue.waiting()] == [
        "interactive", "normal", "background", "background",
    ]  # fmt: skip


def test_a_new_row_goes_behind_those_of_its_class_also_after_a_kill(life: Open) -> None:
    desk = life()
    desk.queue.pause()
    desk.submit("late", priority=Priority.BACKGROUND)
    desk.submit("first")
    desk.submit("second")
    assert life(desk).titles() == desk.titles() == ["first", "second", "late"]


def test_of_a_long_queue_the_runtime_has_the_beginning_and_memory_no_inputs(
    life: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_queue, "HANDED_OVER", 2)
    desk = life(jobs=0)
    for _ in range(5):
        desk.runtime.enqueue(*WAITS, MAKES)
    jobs = [desk.submit(prompt, inputs={"mask": prompt.encode()}) for prompt in "abcde"]
    desk.until(lambda: len(desk.runtime.submitted) == 2)
    desk.stored()
    assert [bool(job.recipe.inputs) for job in jobs] == [True, True, False, False, False]
    desk.queue.move(jobs[4], 0)
    desk.until(lambda: len(desk.runtime.submitted) == 3)
    while desk.studio.jobs.live():
        desk.runtime.release()
        desk.studio.pump(0.01)
    sent = desk.runtime.submitted
    assert [desk.runtime.inputs_of(each)["mask"] for each in sent] == [b"a", b"b", b"e", b"c", b"d"]


def test_a_death_of_the_runtime_keeps_the_order_and_loses_no_paused_row(life: Open) -> None:
    desk = life(jobs=0)
    for _ in range(3):
        desk.runtime.enqueue(*WAITS, MAKES)
    jobs = [desk.submit(prompt) for prompt in "abc"]
    desk.until(lambda: len(desk.runtime.submitted) == 3)
    jobs[0].pause()
    desk.queue.move(jobs[2], 1)
    for _ in range(3):
        desk.runtime.enqueue(MAKES)
    desk.runtime.hang_up()
    desk.until(lambda: not (jobs[1].is_live or jobs[2].is_live))
    assert [each.params["prompt"] for each in desk.runtime.submitted[3:]] == ["c", "b"]
    assert jobs[0].state is JobState.PAUSED
    jobs[0].resume()
    desk.finish()
    assert sorted(desk.made()) == ["a", "b", "c"]


def test_a_command_that_runs_one_task_leaves_no_row_behind(life: Open, tmp_path: Path) -> None:
    desk = life()
    desk.queue.pause()
    desk.submit("kept")
    desk.submit("not kept", keep=False)
    desk.submit("said", conversation="talk")
    assert desk.titles() == ["kept"], "rows are what the library alone can finish"
    desk.studio.close()
    command = Studio.open(home=desk.home, only=("nothing",), launch=desk.runtime.launch)
    command.submit(JobRequest("toy.draw", {"prompt": "of a command"}))
    assert command.jobs.queue.waiting() == []
    command.close()
    again = QueueDesk(desk.home)
    assert (again.titles(), again.over()) == (["kept"], [])
    again.studio.close()
    desk.studio = life().studio


def notices(desk: QueueDesk) -> Any:
    return desk.studio.notices.all


def found(desk: QueueDesk) -> Any:
    return desk.studio.library.find(limit=-1)
