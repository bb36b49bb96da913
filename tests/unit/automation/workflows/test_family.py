"""From results back to the steps that made them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.api.artifacts import NewArtifact
from studio.api.errors import BadInput
from studio.api.jobs import JobRequest
from studio.automation.workflows.check import problems
from studio.automation.workflows.document import parse
from studio.automation.workflows.edit import fixed, freed
from studio.automation.workflows.family import with_ancestors, workflow_of
from studio.automation.workflows.sources import Given
from studio.automation.workflows.toml_text import to_toml
from studio.jobs.job import Job
from tests.unit.automation.workflows.talker import THREE_STEPS, Desk, desk_at


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_at(tmp_path_factory.mktemp("home")) as made:
        yield made


def run(desk: Desk, task: str, *, made_from: Job | None = None, **more: object) -> Job:
    parents = [made_from.artifacts[0].id] if made_from else []
    inputs = {"text": made_from.artifacts[0].read()} if made_from else {}
    job = desk.studio.submit(JobRequest(task, more, inputs=inputs, parents=parents))
    desk.until(lambda: not job.is_live)
    return job


def test_a_result_gives_its_steps_and_they_give_the_same_result(desk: Desk) -> None:
    written = run(desk, "steps.write", prompt="a {fox}", times=2, seed=3)
    added = run(desk, "steps.add", made_from=written, word="run")
    library, plugins = desk.studio.library, desk.studio.plugins
    workflow = workflow_of(library, plugins, with_ancestors(library, added.artifacts[0].id))
    assert [(step.id, step.params, step.inputs) for step in workflow.step] == [
        ("write", {"prompt": "{input}", "times": 2, "seed": 3}, {}),
        ("add", {"word": "run"}, {"text": "{step.write}"}),
    ]
    assert workflow.name == "Write → Add"
    text = to_toml(workflow)
    assert not list(problems(parse(text), text, plugins))
    runner = desk.finish(desk.studio.workflows.start(text, [Given(text="a {fox}")]))
    assert desk.texts(runner, "add") == [added.artifacts[0].text]


def test_what_comes_from_outside_is_the_input(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("words")
    drawn = run(desk, "steps.draw", file=str(file))
    library, plugins = desk.studio.library, desk.studio.plugins
    workflow = workflow_of(library, plugins, with_ancestors(library, drawn.artifacts[0].id))
    assert (workflow.input.kind, workflow.step[0].params) == ("text", {"file": "{input}"})


def test_what_nobody_computed_has_no_steps(desk: Desk) -> None:
    library = desk.studio.library
    saved = library.add_artifact(NewArtifact("text", b"x", ".txt"))
    with pytest.raises(BadInput, match="No task made this"):
        workflow_of(library, desk.studio.plugins, [saved])


def test_a_parameter_can_be_made_free(desk: Desk) -> None:
    fields = {each.name: each for each in desk.studio.plugins.params_class("steps.write").fields()}
    workflow = freed(parse(THREE_STEPS), "first", fields["times"])
    again = parse(to_toml(workflow))
    assert again.params["times"].type == "integer"
    assert again.values({})["times"] == 1
    assert again.step[0].params["times"] == "{param.times}"
    assert fixed(workflow, "first", "times").params.keys() == {"word"}
