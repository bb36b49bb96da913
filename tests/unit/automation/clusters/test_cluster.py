"""Rows on a cluster: spread, lost, spoilt, refused; and what becomes of them here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from studio.automation.clusters.address import Address
from studio.automation.clusters.cluster import TRIES
from studio.automation.clusters.driver import Cut
from studio.automation.clusters.inventory import Inventory, lacking, mismatch
from studio.automation.clusters.main import _serve, keep_private
from studio.automation.workflows.sources import Given
from studio.library.workflow_runs import RowState, RunState
from studio.protocol.errors import StudioError
from studio.protocol.link import pair
from tests.unit.automation.clusters.stand_ins import ClusterDesk, cluster_desk
from tests.unit.automation.workflows.talker import THREE_STEPS

DRAW = """
name = "Draw"
[input]
kind = "text"
[[step]]
id = "drawing"
task = "steps.draw"
params = { file = "{input}" }
"""


def texts(*words: str) -> list[Given]:
    return [Given(text=word) for word in words]


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClusterDesk]:
    with cluster_desk(tmp_path / "home", monkeypatch, "ada", "bea") as made:
        yield made


def test_rows_go_where_there_is_room_and_come_home(cluster: ClusterDesk) -> None:
    desk = cluster.desk
    runner = desk.finish(desk.studio.workflows.start(THREE_STEPS, texts(*"abcdef"), on="ray"))
    assert (runner.state, runner.error) == (RunState.DONE, None)
    assert desk.texts(runner, "third") == [f"{word} and so on" for word in "abcdef"]
    assert cluster.asked("ada") + cluster.asked("bea") == 18
    assert cluster.asked("ada") > 0 < cluster.asked("bea")
    assert desk.asked == [], "nothing ran here"
    library = desk.studio.library
    records = [library.record(each.record) for each in library.find(limit=-1)]
    assert {record.machine for record in records} == {"ada", "bea"}
    assert all(record.versions["scripted"] == "1" for record in records)
    before = len(records)
    again = desk.finish(desk.studio.workflows.start(THREE_STEPS, texts(*"abc")))
    assert desk.texts(again, "third") == desk.texts(runner, "third")[:3]
    assert library.count() == before, "what was made there is made"


def test_of_a_machine_that_is_lost_the_rows_go_elsewhere(cluster: ClusterDesk) -> None:
    desk, ada = cluster.desk, cluster.machines["ada"]
    workflow = desk.studio.workflows
    runner = workflow.start(THREE_STEPS, texts("wait one", "wait two", "three"), on="ray")
    desk.until(lambda: cluster.asked("ada") and cluster.asked("bea"))
    ada.is_lost = True
    bea = cluster.machines["bea"].talker
    desk.until(lambda: (bea.release(), runner.is_over)[1])
    assert desk.states(runner) == [RowState.DONE] * 3
    assert desk.studio.library.count() == 9, "nothing twice"
    assert desk.texts(runner, "first") == ["wait one", "wait two", "three"]


@pytest.mark.parametrize(
    "end",
    [
        lambda cluster: cluster.drivers[0].kill(),
        lambda cluster: cluster.tell(Cut("nothing answers")),
    ],
    ids=["killed", "cut"],
)
def test_a_driver_that_is_killed_or_cut_off_is_started_again(
    cluster: ClusterDesk, end: Callable[[ClusterDesk], None]
) -> None:
    desk = cluster.desk
    runner = desk.studio.workflows.start(THREE_STEPS, texts("wait", *"abc"), on="ray")
    desk.until(lambda: runner.done == 3)
    end(cluster)
    desk.until(lambda: len(cluster.drivers) == 2)
    talkers = [machine.talker for machine in cluster.machines.values()]
    desk.until(lambda: all(talker.starts == 2 for talker in talkers))
    desk.until(lambda: ([talker.release() for talker in talkers], runner.is_over)[1])
    assert desk.states(runner) == [RowState.DONE] * 4
    assert desk.studio.library.count() == 12


def test_a_machine_that_sends_rubbish_costs_one_row(cluster: ClusterDesk) -> None:
    desk = cluster.desk
    cluster.machines["ada"].spoil = lambda data: data[:-1] + bytes([data[-1] ^ 1])
    runner = desk.finish(desk.studio.workflows.start(THREE_STEPS, texts(*"abcd"), on="ray"))
    states = desk.states(runner)
    assert sorted(states) == [RowState.DONE] * 3 + [RowState.FAILED]
    error = desk.rows(runner)[states.index(RowState.FAILED)].error
    assert error.startswith("Step “first”: The machine “ada” sent no valid result.")
    assert cluster.asked("ada") == 1


def test_a_step_that_brings_machines_down_fails_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cluster_desk(tmp_path / "home", monkeypatch, *"abcd") as cluster:
        runner = cluster.desk.studio.workflows.start(THREE_STEPS, texts("wait", "b"), on="ray")
        for number in range(1, TRIES + 1):
            cluster.desk.until(lambda n=number: len(cluster.holders()) == n)
            for machine in cluster.holders():
                machine.is_lost = True
        cluster.desk.finish(runner)
        failed, done = cluster.desk.rows(runner)
        assert failed.error.startswith("Step “first”: The machine “")
        assert "was lost" in failed.error
        assert done.state is RowState.DONE


def test_what_machines_lack_is_told_before_anything_is_sent(cluster: ClusterDesk) -> None:
    desk = cluster.desk
    for machine in cluster.machines.values():
        machine.change = lambda there: msgspec.structs.replace(there, plugins={"steps": "other"})
    runner = desk.finish(desk.studio.workflows.start(THREE_STEPS, texts("a"), on="ray"))
    assert desk.states(runner) == [RowState.FAILED]
    assert "“ada” has other files of the plugin “steps”" in desk.rows(runner)[0].error
    for machine in cluster.machines.values():
        machine.change = lambda there: msgspec.structs.replace(
            there, versions={"offline-studio": "0.0.1"}
        )
    runner = desk.finish(desk.studio.workflows.start(THREE_STEPS, texts("b"), on="ray"))
    assert runner.state is RunState.STOPPED
    assert runner.error is not None
    assert "The machine “ada” has offline-studio 0.0.1, and this one has" in runner.error.message
    assert cluster.asked("ada") == cluster.asked("bea") == 0


def test_a_cluster_without_a_machine_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cluster_desk(tmp_path / "home", monkeypatch) as cluster:
        desk = cluster.desk
        runner = desk.finish(desk.studio.workflows.start(THREE_STEPS, texts("a"), on="ray"))
        assert runner.state is RunState.STOPPED
        assert runner.error is not None
        assert "cannot continue. It has no machine with a processor." in runner.error.message


def test_picked_files_travel_with_the_step(cluster: ClusterDesk, tmp_path: Path) -> None:
    desk = cluster.desk
    (tmp_path / "a boat.txt").write_text("a boat")
    given = [Given(text=str(tmp_path / "a boat.txt"))]
    runner = desk.finish(desk.studio.workflows.start(DRAW, given, on="ray"))
    assert desk.texts(runner, "drawing") == ["a boat"]
    talkers = [machine.talker for machine in cluster.machines.values()]
    sent = next(talker.submitted[0] for talker in talkers if talker.submitted)
    place = Path(sent.params["file"])
    assert place.name == "a boat.txt"
    assert place != tmp_path / "a boat.txt"
    assert not place.exists(), "and nothing of it stays there"


def test_weights_and_versions_are_compared() -> None:
    here = Inventory({}, {"steps": "p"}, {"net": "1", "unread": ""})
    there = Inventory({}, {"steps": "p"}, {"net": "2", "unread": "7"})

    def lack(**params: object) -> str:
        return lacking(here, "ada", there, "steps.look", params.values())

    assert lack(prompt="a boat") == ""
    assert lack(weights="unread") == "", "it is compared when it was used"
    assert "model “net” of “ada” is another one" in lack(weights=["net"])
    assert "does not have the plugin “other”" in lacking(here, "ada", there, "other.look", ())
    none = Inventory({}, {"steps": "p"}, {})
    assert "does not have the model “net”" in lacking(here, "ada", none, "steps.look", ["net"])
    assert mismatch("ada", Inventory({"python": "2.7", "torch": "0.1"})) != ""
    assert mismatch("ada", Inventory({"python": "2.7"})) == ""


def test_addresses_say_which_sockets_they_open() -> None:
    assert "127.0.0.1 only" in Address.parse(" ray ").sockets
    assert "Connects to big:10001." in Address.parse("ray://big:10001").sockets
    for wrong in ("", "big:10001", "ray://big", "ray://big:99999", "http://big:1", "ray://a b:1"):
        with pytest.raises(StudioError, match="not the address of a cluster"):
            Address.parse(wrong)


def test_without_ray_a_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUDIO_HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "studio.automation.clusters.ray_pool", raising=False)
    with pytest.raises(StudioError, match="Ray is not installed") as told:
        _serve(pair()[1], Address.parse("ray"))
    assert "offline-studio[ray]" in told.value.hint


@pytest.mark.skipif("sys.platform == 'win32'")
def test_the_token_of_ray_is_readable_for_its_user_alone(tmp_path: Path) -> None:
    token = tmp_path / "ray" / "auth_token"
    keep_private(token)
    assert token.parent.stat().st_mode & 0o777 == 0o700
    token.write_text("secret")
    token.chmod(0o644)
    keep_private(token)
    assert token.stat().st_mode & 0o777 == 0o600
