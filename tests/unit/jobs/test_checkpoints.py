"""The folder that outlives a kill: who finds it again, and when it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.api import ErrorCode, StudioError
from studio.testing.scripted import Artifact, Die, Fail, Result, Stall, Step

PNG = b"\x89PNG\r\n\x1a\n, or so"
FAIL = Fail(StudioError(ErrorCode.UNSUPPORTED, "It did not work."))
ASKED = {"prompt": "a boat", "seed": 7}


def left(desk: Any, *script: Any, **options: Any) -> Path:
    """Run a job that leaves something; return its folder."""
    job = desk.submit(Step(1, 2), Stall(), *script, **options)
    desk.until(lambda: job.total)
    place = Path(desk.runtime.submitted[-1].checkpoint)
    place.mkdir(parents=True, exist_ok=True)
    (place / "last").touch()
    desk.runtime.release()
    desk.finish(job)
    return place


def test_whoever_asks_for_the_same_finds_what_a_killed_job_left(desk: Any) -> None:
    place = left(desk, Die(), params=ASKED)
    assert (place / "last").exists()
    other = left(desk, FAIL, params={**ASKED, "seed": 8})
    handed = left(desk, FAIL, params=ASKED, inputs={"image": b"in"})
    assert len({place, other, handed}) == 3
    assert left(desk, Result(), params=ASKED) == place


def test_it_goes_when_the_job_ends_well_and_stays_when_it_fails(desk: Any) -> None:
    assert left(desk, FAIL, params=ASKED).exists()
    assert not left(desk, Result(), params=ASKED).exists()


def test_it_goes_with_what_was_made_of_it(desk: Any) -> None:
    place = left(desk, Artifact("image", PNG, ".png"), FAIL, params=ASKED)
    other = left(desk, FAIL, params={**ASKED, "seed": 8})
    (artifact,) = desk.studio.library.find()
    desk.studio.library.erase([artifact.id])
    desk.until(lambda: not place.exists())
    assert other.exists()


def test_nothing_may_be_kept_of_what_is_not_to_be_kept(desk: Any) -> None:
    for how in ({"private": True}, {"keep": False}):
        desk.finish(desk.submit(Result(), **how))
        assert desk.runtime.submitted[-1].checkpoint == ""
