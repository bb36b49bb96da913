"""System calls of a save as the last one, and refused: no promise is broken.

Of each call some are drawn, always the same ones; ``STUDIO_THOROUGH=1`` tries every one.
"""

from __future__ import annotations

import random
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import pytest

from studio.api.artifacts import NewArtifact
from studio.library import Library
from studio.testing.guards import THOROUGH
from tests.faults.tally import tried

sys.path.insert(0, str(Path(__file__).parent))
import promises
import strace
from strace import Fault

pytestmark = [pytest.mark.faults, pytest.mark.slow]

ORDER = ["fsync", "fdatasync", "rename", "unlink", "ftruncate", "mkdir"]
"""The calls whose order is the promise."""

DATA = ["write", "pwrite64"]
"""There are many of these."""


@pytest.fixture(scope="module", autouse=True)
def needs_strace() -> None:
    strace.required()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with something in it: most crashes do not happen at the first start."""
    folder = tmp_path_factory.mktemp("filled") / "library"
    with Library.open(folder) as library:
        library.add_artifact(NewArtifact("text", b"old", suffix=".txt", text="saved long ago"))
        talk = library.conversations.create("Old talk")
        library.conversations.add_message(talk.id, None, "user", "said long ago")
    return folder


@pytest.fixture(scope="module")
def calls(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """How often the unharmed saver makes each call; it keeps all its promises."""
    place = tmp_path_factory.mktemp("unharmed")
    shutil.copytree(filled, place / "library")
    with strace.Traced() as saver:
        counted = saver.count_calls(ORDER + DATA, place / "library", place / "said")
    kept = promises.check(place / "library", place / "said")
    assert [what for what, _ in kept] == [
        "record", "artifact", "artifact", "starred", "conversation", "message", "reply",
        "binned", "erased", "job",
    ]  # fmt: skip
    assert all(counted[call] for call in ORDER + DATA), counted
    return counted


def inject(
    faults: list[Fault], filled: Path, place: Path, *more: str
) -> list[tuple[Fault, int, int]]:
    """Do each fault to a copy of the library and check it; return (fault, status, promises)."""

    savers: SimpleQueue[strace.Traced] = SimpleQueue()

    def one(numbered: tuple[int, Fault]) -> tuple[Fault, int, int]:
        number, fault = numbered
        here = place / str(number)
        shutil.copytree(filled, here / "library")
        saver = savers.get()
        status, happened = saver.run(fault, here / "library", here / "said", *more)
        savers.put(saver)
        assert happened, f"{fault} did not happen"
        try:
            kept = promises.check(here / "library", here / "said")
        except Exception as error:
            raise AssertionError(f"after {fault}: {error}") from error
        shutil.rmtree(here)
        return fault, status, len([what for what, _ in kept if what != "refused"])

    with strace.Traced() as first, strace.Traced() as second, ThreadPoolExecutor(2) as pool:
        savers.put(first)
        savers.put(second)
        done = list(pool.map(one, enumerate(faults)))
    tried(len(done))
    return done


def drawn(calls: dict[str, int], names: list[str], how: str, some: int) -> Iterator[Fault]:
    """Yield a fault for ``some`` calls of each name, the last one always among them."""
    for name in names:
        points = list(range(1, calls[name] + 1))
        if not THOROUGH and len(points) > some:
            chance = random.Random(f"{name} {how}")
            points = sorted([*chance.sample(points[:-1], some - 1), points[-1]])
        for point in points:
            yield Fault(name, how, str(point))


def test_killed_at_the_first_start_or_while_the_database_is_made_again(
    calls: dict[str, int], filled: Path, tmp_path: Path
) -> None:
    """No crash may leave an empty database that looks sound beside files that are full."""
    bare = tmp_path / "bare"
    shutil.copytree(filled, bare)
    for path in bare.glob("library.db*"):
        path.unlink()
    faults = [
        Fault(call, "signal=SIGKILL", str(n))
        for call in ("fdatasync", "rename", "unlink", "fsync")
        for n in range(1, min(5, calls[call]) + 1, 1 if THOROUGH else 2)
    ]
    faults += [Fault("pwrite64", "signal=SIGKILL", str(n)) for n in range(5, 250, 25)]
    inject(faults, bare, tmp_path)


def test_killed_at_calls_of_each_kind(calls: dict[str, int], filled: Path, tmp_path: Path) -> None:
    faults = [
        *drawn(calls, ORDER, "signal=SIGKILL", 5),
        *drawn(calls, DATA, "signal=SIGKILL", 6),
    ]
    assert len(faults) >= 25
    results = inject(faults, filled, tmp_path)
    assert all(status == -9 for _, status, _ in results)
    assert len({kept for _, _, kept in results}) > 5  # they died at many different moments


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_refused_at_calls_of_each_kind(
    calls: dict[str, int], filled: Path, tmp_path: Path, error: str
) -> None:
    inject(list(drawn(calls, ORDER + DATA, f"error={error}", 2)), filled, tmp_path)


def test_killed_right_after_a_refusal(calls: dict[str, int], filled: Path, tmp_path: Path) -> None:
    """What a failed commit left in the log must not come back as a row without a payload."""
    faults = list(drawn(calls, ["fdatasync", "fsync"], "error=EIO", 4))
    results = inject(faults, filled, tmp_path, "die")
    assert sum(status == -9 for _, status, _ in results) > 5
    step = 3 if THOROUGH else 6
    always = [Fault("fdatasync", "error=EIO", f"{n}+") for n in range(3, calls["fdatasync"], step)]
    inject(always, filled, tmp_path / "always", "die")
