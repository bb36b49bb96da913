"""The queue over the end of a studio and the loss of its database; whose jobs take turns."""

from __future__ import annotations

from collections.abc import Callable

from studio.protocol.errors import ErrorCode, StudioError
from studio.protocol.states import Priority
from studio.testing.scripted import Fail, Stall, Step
from tests.unit.jobs.queue_desk import MAKES, QueueDesk

Open = Callable[..., QueueDesk]


def test_the_end_of_the_studio_begins_no_other_row(life: Open) -> None:
    desk = life(jobs=0)
    desk.runtime.enqueue(Step(1, 2), Stall())
    first, _ = (desk.submit(name, page="a") for name in ("a1", "a2"))
    desk.until(lambda: first.total)
    desk.studio.close()
    assert [sent.params["prompt"] for sent in desk.runtime.submitted] == ["a1"]
    assert desk.runtime.starts == 1


def test_a_page_s_jobs_run_one_after_the_other_and_pages_side_by_side(life: Open) -> None:
    desk = life(jobs=0)
    for _ in range(2):
        desk.runtime.enqueue(Step(1, 2), Stall(), MAKES)
    jobs = [desk.submit(name, page=name[0]) for name in ("a1", "a2", "b1", "a3")]
    desk.until(lambda: jobs[0].total and jobs[2].total)
    desk.stored()
    assert [sent.params["prompt"] for sent in desk.runtime.submitted] == ["a1", "b1"]
    assert desk.titles() == ["a2", "a3"]
    desk.runtime.enqueue(MAKES)
    jobs[0].pause()  # it lets the next one of its page go
    desk.until(lambda: not jobs[1].is_live)
    desk.runtime.enqueue(MAKES)
    desk.until(lambda: not jobs[3].is_live)
    jobs[0].resume()
    desk.runtime.release()
    desk.finish()
    assert sorted(desk.made()) == ["a1", "a2", "a3", "b1"]


def test_the_queue_comes_back_when_the_database_is_made_again(life: Open) -> None:
    first = life(jobs=0)
    first.runtime.enqueue(Fail(StudioError(ErrorCode.OUT_OF_MEMORY, "No.")))
    first.runtime.enqueue(MAKES)
    for prompt in ("fails", "done"):
        first.submit(prompt)
    first.finish()
    first.queue.pause()
    jobs = {p: first.submit(p, inputs={"mask": p.encode()}) for p in ("a", "b", "held", "gone")}
    first.queue.move(jobs["b"], 0)
    first.queue.prioritise(jobs["a"], Priority.BACKGROUND)
    jobs["held"].pause()
    jobs["gone"].cancel()
    first.stored()
    second = life(first, lost=True)
    assert second.titles() == ["b", "held", "a"]
    assert (second.queue.paused, second.queue.waiting()[1].held) == (True, True)
    assert second.over() == [("fails", "failed")], "what is done or was taken out is no row"
    second.runtime.enqueue(MAKES)
    second.queue.resume()
    second.queue.waiting()[1].resume()
    second.queue.retry_failed()
    second.finish()
    assert sorted(second.made()) == ["a", "b", "done", "fails", "held"]
    sent = {each.params["prompt"]: each for each in second.runtime.submitted}
    assert second.runtime.inputs_of(sent["b"])["mask"] == b"b"
    assert life(second, lost=True).titles() == [], "nothing is run a second time"


def test_what_ran_when_the_database_was_lost_is_told_as_interrupted(life: Open) -> None:
    first = life(jobs=0)
    first.runtime.enqueue(MAKES, Step(1, 2), Stall())
    running = first.submit("a")
    first.until(lambda: running.artifacts)
    second = life(first, lost=True)
    assert (second.titles(), second.over(), second.made()) == ([], [("a", "lost")], ["a"])
