"""The job of a page: what is told of it, in which order, and what a failure leads to."""

from __future__ import annotations

import shutil
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QMenu, QWidget
from shiboken6 import delete

from studio.api import BadInput, JobRequest, TaskResult
from studio.protocol.states import JobState
from studio.testing.guards import PATIENCE
from studio.testing.scripted import Artifact, Become, Die, Fail, Result, Stall, Step, Tokens

ECHO = Artifact("text", b"hello", ".txt", title="An echo", meta={"seed": 7})


class Page:
    """Listens to everything."""

    def __init__(self, desk: Any, **more: Any) -> None:
        desk.runtime.in_turn = True
        self.desk, self.heard = desk, []
        self.wish: Any = desk.say("hello")
        self.button = desk.put(desk.kit.run_button("Say", "play"))
        self.run = desk.kit.run_controller(
            **{
                "prepare": self.prepare,
                "button": self.button,
                "progress": desk.progress,
                "trouble": desk.row,
                **more,
            }
        )
        run = self.run
        run.on_start(lambda job: self.heard.append("start"))
        run.on_busy(lambda busy: self.heard.append("busy" if busy else "idle"))
        run.on_progress(lambda done, total, words, left: self.heard.append(words))
        run.on_text(lambda text, tokens, channel: self.heard.append(f"{channel}:{text}"))
        run.on_preview(lambda image, note: self.heard.append(image.size().toTuple()))
        run.on_result(self.heard.append)
        run.on_done(lambda result: self.heard.append(dict(result)))
        run.on_failed(lambda error: self.heard.append(error.code))
        run.on_stopped(lambda: self.heard.append("stopped"))
        run.on_over(lambda: self.heard.append("over"))

    def prepare(self) -> JobRequest | None:
        if isinstance(self.wish, Exception):
            raise self.wish
        return self.wish


@pytest.fixture
def page(desk: Any) -> Page:
    return Page(desk)


def test_all_that_comes_of_a_job_is_told_in_order(desk: Any, page: Page) -> None:
    pixels = np.zeros((2, 4, 3), np.uint8)
    desk.runtime.enqueue(
        Step(1, 2, "half", pixels), Tokens("hel", channel="answer"), ECHO, Result(words=1)
    )
    desk.run()
    desk.until(lambda: "over" in page.heard)
    made = next(each for each in page.heard if isinstance(each, TaskResult))
    told = [each for each in page.heard if each is not made]
    assert told[:2] == ["busy", "start"]
    assert {"half", (4, 2), "answer:hel"} <= {each for each in told if not isinstance(each, dict)}
    assert told[-3:] == ["idle", {"words": 1}, "over"]
    assert page.heard.index(made) < page.heard.index("idle")
    assert (made.task, made.params["seed"], made.params["text"]) == ("echo.say", 7, "hello")
    assert not desk.busy()


def test_without_a_button_a_second_start_meanwhile_is_not_lost_in_silence(desk: Any) -> None:
    desk.runtime.enqueue(Step(1, 2, "half"), Stall(), Result())
    said, run = desk.listen(), desk.kit.run_controller(prepare=lambda: desk.say("hello"))
    run.run()
    run.run()
    assert any("Still busy" in words for words in said)
    assert not run.start(desk.say("x")), "one is at work"
    desk.until(lambda: run.job is not None and run.job.state is JobState.RUNNING)
    desk.runtime.release()
    desk.until_over()
    assert len(desk.runtime.submitted) == 1


def test_what_is_missing_is_told_and_nothing_starts(desk: Any, page: Page) -> None:
    page.wish = BadInput("Write something first.")
    desk.run()
    assert desk.trouble() == "Write something first."
    assert not desk.row.button.isVisible(), "trying again would change nothing"
    page.wish = None
    desk.run()
    assert (page.heard, desk.runtime.submitted) == ([], [])


def test_a_request_that_is_refused_is_told_and_asked_for_anew(desk: Any, page: Page) -> None:
    page.wish = desk.say("")
    desk.run()
    assert "Text" in desk.trouble()
    assert not desk.busy()
    page.wish = desk.say("hello")
    desk.try_again()
    desk.until(lambda: "over" in page.heard)
    assert desk.runtime.submitted[-1].params["text"] == "hello"
    assert desk.trouble() == ""


def test_a_run_may_be_prepared_in_another_way(desk: Any, page: Page) -> None:
    words = iter(("", "more"))
    page.run.run(lambda: desk.say(next(words)))
    assert "Text" in desk.trouble()
    desk.try_again()
    desk.until(lambda: "over" in page.heard)
    assert [job.params["text"] for job in desk.runtime.submitted] == ["more"]


def test_a_failure_leads_to_the_same_request_once_more(desk: Any, page: Page) -> None:
    desk.runtime.enqueue(Fail(BadInput("Nothing to say.")))
    desk.run()
    desk.until(lambda: "Nothing to say." in desk.trouble())
    page.wish = desk.say("something else")
    desk.try_again()
    desk.until(lambda: {} in page.heard)
    assert [job.params["text"] for job in desk.runtime.submitted] == ["hello", "hello"]


def test_who_starts_says_what_trying_again_means(desk: Any, page: Page) -> None:
    again: list[str] = []
    desk.runtime.enqueue(Fail(BadInput("Nothing to say.")))
    assert page.run.start(desk.say("x"), lambda: again.append("again"))
    desk.until(lambda: bool(desk.trouble()))
    desk.try_again()
    assert again == ["again"]


def test_stop_is_told_after_what_was_made_before_it(desk: Any, page: Page) -> None:
    desk.runtime.enqueue(ECHO, Stall())
    desk.run()
    desk.until(lambda: any(isinstance(each, TaskResult) for each in page.heard))
    assert desk.verb() == "Add to queue"
    desk.stop()
    assert page.heard[-3:] == ["idle", "stopped", "over"]
    assert page.run.stopped
    assert desk.verb() == "Say"


def test_results_are_read_beside_the_window_before_they_are_told(desk: Any) -> None:
    page = Page(desk, read=lambda artifact: artifact.path.read_text())
    desk.runtime.enqueue(ECHO, ECHO, Result())
    desk.run()
    desk.until(lambda: "over" in page.heard)
    made = [each for each in page.heard if isinstance(each, TaskResult)]
    assert [each.content for each in made] == ["hello", "hello"]
    assert page.heard.index(made[-1]) < page.heard.index("idle"), "the button stops until then"


def test_a_runtime_that_dies_is_told_once(desk: Any, page: Page) -> None:
    desk.runtime.enqueue(Die())
    desk.run()
    desk.until(lambda: bool(desk.trouble()))
    assert page.heard.count("over") == 1


def test_without_a_row_a_failure_becomes_a_notice(desk: Any) -> None:
    run = desk.kit.run_controller()
    desk.runtime.enqueue(Fail(BadInput("Nothing to say.")))
    run.start(desk.say("x"))
    desk.until(lambda: not run.busy)
    told = [notice.message for notice in desk.studio.notices.all]
    assert "Nothing to say." in " ".join(told)


def test_of_a_part_that_is_gone_nothing_is_told(desk: Any) -> None:
    owner, told = QWidget(), []
    run = desk.kit.run_controller(owner=owner)
    run.on_over(lambda: told.append("over"))
    run.start(desk.say("x"))
    delete(owner)
    job = run.job
    desk.until(lambda: job.state.is_terminal)
    desk.settled()
    assert told == []


def test_of_a_page_that_is_gone_nothing_is_told(desk: Any, page: Page) -> None:
    desk.runtime.enqueue(Step(1, 2, "half"), Stall(), ECHO)
    desk.run()
    desk.until(lambda: "half" in page.heard)
    job, before = page.run.job, len(page.heard)
    delete(page.button.widget)
    desk.runtime.release()
    desk.until(lambda: job.state.is_terminal)
    desk.settled()
    assert len(page.heard) == before


# --- several jobs --------------------------------------------------------------------------------


def test_pressing_twice_queues_twice_each_as_it_was_at_the_press(desk: Any, page: Page) -> None:
    desk.runtime.enqueue(Step(1, 2, "half"), Stall(), ECHO, Result(words=1))
    desk.runtime.enqueue(ECHO, Result(words=2))
    desk.run()
    desk.until(lambda: "half" in page.heard)
    assert (desk.verb(), desk.waiting()) == ("Add to queue", 0)
    page.wish = desk.say("good bye")
    desk.run()
    page.wish = desk.say("never asked for")
    assert (desk.waiting(), page.button.waiting.text()) == (1, "1 waiting")
    assert page.button.waiting.isVisible()
    assert page.run.request.params["text"] == "hello", "the first one is told of still"
    desk.runtime.release()
    desk.until_over()
    told = [each for each in page.heard if not isinstance(each, TaskResult | str)]
    assert told == [{"words": 1}, {"words": 2}]
    marks = [each for each in page.heard if each in ("busy", "start", "over", "idle")]
    assert marks == ["busy", "start", "over", "start", "idle", "over"]
    made = [each for each in page.heard if isinstance(each, TaskResult)]
    assert [each.params["text"] for each in made] == ["hello", "good bye"]
    assert [job.params["text"] for job in desk.runtime.submitted] == ["hello", "good bye"]
    assert (desk.verb(), page.button.stop.isVisible()) == ("Say", False)


def test_stop_stops_the_one_at_work_and_the_next_follows(desk: Any, page: Page) -> None:
    for _ in range(3):
        desk.runtime.enqueue(Step(1, 2, "half"), Stall(), Result())
        desk.run()
    desk.until(lambda: "half" in page.heard)
    first = page.run.job
    desk.stop()
    assert page.heard.count("stopped") == 1
    assert page.run.job is not first
    assert (desk.verb(), desk.waiting()) == ("Add to queue", 1)
    desk.until(lambda: page.heard.count("half") == 2)
    page.run.stop_all()
    desk.until_over()
    assert page.heard.count("start") == 2, "what never began is not told of"
    assert (page.heard.count("stopped"), desk.verb()) == (2, "Say")


def test_what_failed_is_told_while_the_next_one_runs(desk: Any, page: Page) -> None:
    desk.runtime.enqueue(Step(1, 9, "a bit"), Stall(), Fail(BadInput("Nothing to say.")))
    desk.runtime.enqueue(Step(1, 2, "half"), Stall(), Result())
    desk.run()
    page.wish = desk.say("good bye")
    desk.run()
    desk.until(lambda: "a bit" in page.heard)
    desk.runtime.release()
    desk.until(lambda: "half" in page.heard)
    assert "Nothing to say." in desk.trouble()
    desk.runtime.enqueue(Result())
    desk.try_again()
    assert desk.waiting() == 1
    desk.runtime.release()
    desk.until_over()
    texts = [job.params["text"] for job in desk.runtime.submitted]
    assert texts == ["hello", "good bye", "hello"]


def test_what_ended_while_a_result_was_read_is_told_before_the_one_at_work(desk: Any) -> None:
    may_read = Event()

    def read(artifact: Any) -> str:
        assert may_read.wait(PATIENCE)
        return str(artifact.path.read_text())

    page = Page(desk, read=read)
    desk.runtime.enqueue(ECHO, Result(words=1))
    desk.runtime.enqueue(ECHO, Result(words=2))
    desk.runtime.enqueue(ECHO, Step(1, 2, "half"), Stall(), Result(words=3))
    for _ in range(3):
        desk.run()
    desk.until(lambda: [job.state for job in page.run.waiting] == [JobState.RUNNING])
    may_read.set()
    desk.until(lambda: "half" in page.heard)
    desk.runtime.release()
    desk.until_over()
    told = [each["words"] for each in page.heard if isinstance(each, dict)]
    assert told == [1, 2, 3]


def test_a_page_follows_whichever_of_its_jobs_is_at_work(desk: Any, page: Page) -> None:
    """Two run at once here, and the second is done first."""
    desk.runtime.in_turn = False
    desk.runtime.enqueue(Step(1, 2, "half"), Become(JobState.WAITING, "for memory"), Stall())
    desk.runtime.enqueue(Step(1, 2, "other half"), ECHO, Result(words=2))
    desk.run()
    desk.until(lambda: page.run.job is not None and page.run.job.state is JobState.WAITING)
    page.wish = desk.say("good bye")
    desk.run()
    desk.until(lambda: {"words": 2} in page.heard)
    [made] = [each for each in page.heard if isinstance(each, TaskResult)]
    assert made.params["text"] == "good bye"
    assert page.run.request.params["text"] == "hello", "back to the one that waits for memory"
    assert page.heard.count("start") == 2
    desk.runtime.release()
    desk.until_over()
    assert page.heard.count("over") == 2


def test_the_menu_takes_what_waits_out_of_the_queue(desk: Any, page: Page) -> None:
    desk.runtime.enqueue(Step(1, 2, "half"), Stall(), Result())
    desk.run()
    desk.until(lambda: "half" in page.heard)
    page.wish = desk.say("good bye")
    desk.run()
    page.run._show_menu(page.button.waiting)
    [menu] = [each for each in desk.window.findChildren(QMenu) if each.isVisible()]
    [row] = [each.menu() for each in menu.actions() if each.menu()]
    [remove] = [each for each in row.actions() if each.text() == "Remove from queue"]
    remove.trigger()
    menu.close()
    assert desk.waiting() == 0
    desk.runtime.release()
    desk.until_over()
    assert page.heard.count("start") == 1


def test_a_page_picks_up_what_was_queued_for_it_before_the_studio_was_killed(
    desk: Any, page: Page, tmp_path: Path
) -> None:
    take_up(desk)
    desk.runtime.enqueue(Step(1, 2, "half"), Stall(), Result())
    for text in ("hello", "good bye", "and again"):
        page.wish = desk.say(text, target=f"{text}.txt")
        desk.run()
    desk.until(lambda: "half" in page.heard)
    stored: list[None] = []
    desk.studio.jobs._disk.run(lambda: None, stored.append)
    desk.until(lambda: bool(stored))
    shutil.copytree(desk.home, tmp_path / "killed")  # what kill -9 leaves
    desk.close()
    desk.home = tmp_path / "killed"
    desk.open()
    desk.runtime.enqueue(Step(1, 2, "half"), Stall(), ECHO, Result(words=1))
    desk.runtime.enqueue(ECHO, Result(words=2))
    other = desk.kit.run_controller(button=desk.put(desk.kit.run_button("Other")), name="other")
    page = Page(desk)
    take_up(desk)
    desk.until(lambda: "half" in page.heard)
    assert (page.heard[:2], desk.waiting()) == (["busy", "start"], 1)
    assert page.run.request.params["text"] == "good bye"
    assert page.run.request.target == "good bye.txt"
    assert not other.busy, "each page has its own"
    desk.runtime.release()
    desk.until_over()
    assert [each for each in page.heard if isinstance(each, dict)] == [{"words": 1}, {"words": 2}]
    desk.runtime.enqueue(ECHO, Result(words=3))
    desk.studio.jobs.queue.retry_failed()  # the one that was cut short
    desk.until(lambda: {"words": 3} in page.heard)


def test_what_is_done_before_its_page_is_there_still_goes_to_its_target(desk: Any) -> None:
    desk.runtime.enqueue(ECHO, Result(words=1))
    desk.runtime.enqueue(ECHO, Result(words=2))
    asked = (desk.say("hello", page="echo", target="here"), desk.say("good bye", page="echo"))
    jobs = [desk.studio.submit(each) for each in asked]
    desk.until(lambda: not any(job.is_live for job in jobs))
    page = Page(desk)
    desk.until(lambda: "over" in page.heard)
    assert [each for each in page.heard if isinstance(each, dict)] == [{"words": 1}]
    assert page.run.request.target == "here"
    once_more = Page(desk)
    desk.settled()
    assert once_more.heard == []


def take_up(desk: Any) -> None:
    """Let jobs be rows of the library from now on, as the window does."""
    desk.studio.take_up_queue()
    desk.until(lambda: desk.studio.jobs.queue._is_known)


def test_trying_again_after_the_runtime_died_keeps_the_seed(desk: Any, page: Page) -> None:
    """What a training has left is found by its seed."""
    take_up(desk)
    desk.runtime.enqueue(Die())
    desk.run()
    desk.until(lambda: bool(desk.trouble()))
    first = desk.runtime.submitted[-1]
    desk.runtime.enqueue(Result(words=1))
    page.run.retry()
    desk.until(lambda: len(desk.runtime.submitted) > 1 and not page.run.busy)
    again = desk.runtime.submitted[-1]
    assert (again.seed, again.params) == (first.seed, first.params)
    assert again.job != first.job
