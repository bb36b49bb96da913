"""The worker half, with an engine that follows a script: what it yields, reports and refuses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from studio.api import BadInput, Constraint, Inputs, SamplingParams, TextStep, WeightsId
from studio.api.artifacts import NewArtifact
from studio.api.worker.context import ProgressEvent, ResultEvent, TextEvent
from studio.testing.engines import FakeTextEngine
from studio.testing.link_meter import bytes_of
from studio.testing.plugins import run_task
from studio_chat.schema import Reply
from studio_chat.tasks.reply import reply
from studio_chat.worker import studio_tasks


class Engine:
    """Says ``words``; remembers what it was asked."""

    context_length = 1000

    def __init__(
        self,
        *words: str,
        dropped: int = 0,
        note: str = "",
        reduced: str = "",
        reason: str = "stop",
    ) -> None:
        self.words, self.dropped, self.note, self.reduced = words, dropped, note, reduced
        self.reason = reason
        self.closed = False
        self.messages: Sequence[Any] = ()
        self.reserve = 0
        self.params = SamplingParams()

    def fit(self, messages: Sequence[Any], reserve: int) -> Any:
        self.messages, self.reserve = messages, reserve
        return SimpleNamespace(ids=[1, 2, 3], dropped=self.dropped, note=self.note)

    def more_bytes(self, tokens: int, texts: int = 1) -> int:
        return 1000 * max(0, tokens - 900)

    def generate(self, ids: Sequence[int], params: SamplingParams) -> Iterator[TextStep]:
        self.params = params
        try:
            yield TextStep("prefill", 3, 3, reduced=self.reduced)
            for number, word in enumerate(self.words, 1):
                yield TextStep("token", number, params.max_tokens, word, 7)
            yield TextStep(
                "end",
                len(self.words),
                params.max_tokens,
                "!",
                finish_reason=self.reason,
                prompt_tokens=3,
                first_token_seconds=0.5,
                tokens_per_second=20.0,
            )
        finally:
            self.closed = True


class Context:
    """The least a task needs."""

    def __init__(self, engine: Engine, messages: Any = None) -> None:
        self.engine = engine
        self.inputs = Inputs({} if messages is None else {"messages": messages})
        self.rng = SimpleNamespace(seed=42)
        self.is_private = False
        self.wants_whole = True
        self.leased: list[str] = []

    @contextmanager
    def lease(self, weights: str, working_bytes: int = 0) -> Iterator[Engine]:
        self.leased.append(f"{weights} +{working_bytes}" if working_bytes else weights)
        yield self.engine
        self.leased.append("given back")

    def reduced(self, words: str) -> None:
        self.leased.append(f"reduced {words}")

    def check_constraint(self, constraint: Constraint) -> None:
        self.leased.append(f"checked {constraint.kind}")
        if constraint.text == "(":
            raise BadInput("unclosed group")

    progress = staticmethod(ProgressEvent)
    text = staticmethod(TextEvent)

    def artifact(self, kind: str, payload: bytes, *, suffix: str, **more: Any) -> NewArtifact:
        return NewArtifact(kind, payload, suffix, **more)

    def result(self, **values: Any) -> ResultEvent:
        return ResultEvent(values)


def run(engine: Engine, messages: Any = None, **params: Any) -> list[Any]:
    return list(reply(Context(engine, messages), Reply.parse(params)))  # type: ignore[arg-type]


def only(events: list[Any], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_the_task_is_found_by_its_id() -> None:
    assert studio_tasks()["chat.reply"] is reply


def test_what_another_program_asks_is_told_to_be_private() -> None:
    engine = Engine("Hello")
    context = Context(engine)
    context.is_private = True
    list(reply(context, Reply.parse({"prompt": "hi"})))  # type: ignore[arg-type]
    assert engine.params.is_private
    run(engine, prompt="hi")
    assert not engine.params.is_private, "control"


def test_text_comes_as_it_is_written_and_whole_at_the_end() -> None:
    events = run(Engine("Hel", "lo"), prompt="hi")
    assert [event.text for event in only(events, TextEvent)] == ["Hel", "lo", "!"]
    (artifact,) = only(events, NewArtifact)
    assert (artifact.kind, artifact.payload, artifact.suffix) == ("text", b"Hello!", ".md")
    (result,) = only(events, ResultEvent)
    assert result.values == {
        "text": "Hello!",
        "tokens": 2,
        "prompt_tokens": 3,
        "finish_reason": "stop",
        "tokens_per_second": 20.0,
        "first_token_seconds": 0.5,
        "dropped": 0,
        "context_length": 1000,
        "note": "",
    }


def test_a_form_that_was_cut_off_is_told() -> None:
    for asked, reason, said in (
        ("a+", "length", True),
        ("a+", "stop", False),
        ("", "length", False),
    ):
        events = run(Engine("a", reason=reason), prompt="hi", regex=asked)
        assert (
            "may not match the output format" in only(events, ResultEvent)[0].values["note"]
        ) is said


def test_a_token_without_text_is_still_a_step() -> None:
    events = run(Engine("", "é"), prompt="hi")
    assert None in events


def test_a_system_prompt_among_the_messages_is_the_only_one() -> None:
    engine = Engine("x")
    turns = [{"role": "system", "content": "Rhyme."}, {"role": "user", "content": "a"}]
    run(engine, messages=turns, system="Be brief.")
    assert [m["content"] for m in engine.messages] == ["Rhyme.", "a"]


def test_system_prompt_and_prompt_frame_the_messages() -> None:
    engine = Engine("x")
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    run(engine, messages=turns, prompt="c", system="Be brief.")
    assert [m["role"] for m in engine.messages] == ["system", "user", "assistant", "user"]
    assert [m["content"] for m in engine.messages] == ["Be brief.", "a", "b", "c"]


def test_sampling_and_seed_reach_the_engine() -> None:
    engine = Engine("x")
    run(engine, prompt="hi", temperature=1.5, top_k=3, stop=["END", ""], max_tokens=10, seed=7)
    assert engine.params.temperature == 1.5
    assert engine.params.top_k == 3
    assert engine.params.stop == ("END",)
    assert engine.params.seed == 42, "the job's own generator, seeded from its record"


def test_a_longest_answer_beyond_the_context_leaves_room_for_what_was_said() -> None:
    engine = Engine("x")
    run(engine, prompt="hi", max_tokens=30_000)
    assert engine.reserve == 500


def test_left_out_messages_are_told_while_reading() -> None:
    events = run(Engine("x", dropped=4), prompt="hi")
    assert any("4 messages" in event.message for event in only(events, ProgressEvent))
    assert only(events, ResultEvent)[0].values["dropped"] == 4


def test_stopping_closes_the_generation_and_gives_the_model_back() -> None:
    engine = Engine(*"a long answer")
    ctx = Context(engine)
    steps = reply(ctx, Reply.parse({"prompt": "hi", "weights": "tiny"}))  # type: ignore[arg-type]
    while not isinstance(next(steps), TextEvent):
        pass
    steps.close()  # type: ignore[attr-defined]
    assert engine.closed
    assert ctx.leased[0] == "tiny"


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"prompt": "   "},
        {"messages": [{"role": "wizard", "content": "x"}]},
        {"messages": [{"role": "user"}]},
        {"messages": [{"role": "user", "content": "x", "name": "y"}]},
        {"system": "only"},
    ],
)
def test_what_is_no_conversation_is_refused_in_words(params: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as refusal:
        run(Engine("x"), **params)
    assert refusal.value.hint


def test_a_prompt_of_ten_megabytes_is_refused_before_it_is_sent() -> None:
    with pytest.raises(BadInput, match="10,000,000 characters"):
        Reply.parse({"prompt": "x" * 10_000_000})


def test_a_template_that_was_not_used_is_told() -> None:
    events = run(Engine("x", note="The model's chat template failed."), prompt="hi")
    assert only(events, ResultEvent)[0].values["note"] == "The model's chat template failed."


@pytest.mark.parametrize(
    ("given", "kind"), [("schema", "json_schema"), ("regex", "regex"), ("grammar", "grammar")]
)
def test_an_answer_can_be_held_to_a_form(given: str, kind: str) -> None:
    engine, form = Engine("x"), Constraint(kind, "{}")  # type: ignore[arg-type]
    ctx = Context(engine)
    list(reply(ctx, Reply.parse({"prompt": "hi", given: "{}"})))  # type: ignore[arg-type]
    assert engine.params.constraint == form
    assert ctx.leased[0] == f"checked {kind}", "before any weights load"


def test_forms_that_are_none_are_refused_before_there_is_a_job_or_before_weights_load() -> None:
    with pytest.raises(BadInput, match="only one output format"):
        Reply.parse({"prompt": "hi", "regex": "a", "grammar": 'start: "a"'})
    with pytest.raises(BadInput, match="not valid JSON"):
        Reply.parse({"prompt": "hi", "schema": "{"})
    ctx = Context(Engine("x"))
    with pytest.raises(BadInput, match="unclosed"):
        list(reply(ctx, Reply.parse({"prompt": "hi", "regex": "("})))  # type: ignore[arg-type]
    assert ctx.leased == ["checked regex"]


def test_a_long_text_leases_the_memory_that_it_takes() -> None:
    context = Context(Engine("x"))
    list(reply(context, Reply(prompt="hi", weights="tiny", max_tokens=1000)))
    assert context.leased == ["tiny", "tiny +103000", "given back", "given back"]


def test_what_the_engine_does_with_less_memory_is_told() -> None:
    context = Context(Engine("Hi", reduced="32 tokens of the prompt at a time"))
    list(reply(context, Reply.parse({"prompt": "hi"})))  # type: ignore[arg-type]
    assert "reduced 32 tokens of the prompt at a time" in context.leased


def test_an_answer_crosses_the_link_once_beside_its_deltas() -> None:
    words = [f"word{number} " for number in range(1000)]
    answer = len("".join(words))
    context = Context(Engine(*words))
    context.wants_whole = False
    sizes = bytes_of(reply(context, Reply.parse({"prompt": "hi"})))  # type: ignore[arg-type]
    print(f"an answer of {answer:,} bytes: {sizes}")
    assert answer < sizes["Produced"] < answer + 400
    assert sizes["Finished"] < 400
    context.wants_whole = True
    whole = bytes_of(reply(context, Reply.parse({"prompt": "hi"})))  # type: ignore[arg-type]
    assert whole["Finished"] > answer, "control: --json asks for it"


def test_a_plain_text_with_a_suffix_is_filled_in_between() -> None:
    engine = FakeTextEngine("b")
    asked = Reply(prompt="a", raw=True, weights=WeightsId("w"))
    done = run_task(reply, asked, inputs={"suffix": "c"}, models={"w": engine})
    assert engine.prompts == ["a<gap>c"]
    assert done.result["text"] == "b"


def test_tools_are_told_and_their_calls_come_on_channels_of_their_own() -> None:
    call = '<tool_call>\n{"name": "go", "arguments": {"to": 1}}\n</tool_call>'
    engine = FakeTextEngine(f"Well. {call}", "No.")
    asked = Reply(weights=WeightsId("w"))
    inputs = {
        "messages": [{"role": "user", "content": "Go"}],
        "tools": {"tools": [{"name": "go", "parameters": {"type": "object"}}]},
        "choices": 2,
        "logprobs": 1,
    }
    done = run_task(reply, asked, inputs=inputs, models={"w": engine})
    assert engine.prompts[0].startswith("tool: go\nuser: Go")
    assert done.texts["call 1 1 go"] == '{"to": 1}'
    assert (done.texts[""], done.texts["answer 2"]) == ("Well.", "No.")
    assert done.texts["logprobs 2"] == '["Tm8u",-0.5,[["Tm8u",-0.5]]]\n'
    assert done.result["finish_reasons"] == ["stop", "stop"]
    assert {each.seed for each in engine.samplings} == {0, 1}
    form = engine.samplings[0].constraint
    assert form is not None
    assert form.kind == "tool_calls"


def test_calls_that_have_been_answered_are_not_made_again() -> None:
    """Small models ask once more, or end, instead of answering: then they do so without tools."""
    call = '<tool_call>\n{{"name": "go", "arguments": {{"to": {0}}}}}\n</tool_call>'
    inputs = {
        "messages": [
            {"role": "user", "content": "Go"},
            {"role": "assistant", "content": "", "calls": [{"name": "go", "arguments": {"to": 1}}]},
            {"role": "tool", "content": "gone"},
        ],
        "tools": {"tools": [{"name": "go", "parameters": {"type": "object"}}]},
    }
    asked = Reply(weights=WeightsId("w"))
    for nothing in (call.format(1), ""):
        engine = FakeTextEngine(nothing, "I went.")
        done = run_task(reply, asked, inputs=inputs, models={"w": engine})
        assert done.texts == {"": "I went."}
        assert not engine.prompts[1].startswith("tool:")
        assert engine.samplings[1].constraint is not None, "an empty reply will not do"
    engine = FakeTextEngine(f"{call.format(1)}\n{call.format(2)}")
    done = run_task(reply, asked, inputs=inputs, models={"w": engine})
    assert done.texts == {"call 1 1 go": '{"to": 2}'}, "what is new is called"
    required = {**inputs, "tools": {**inputs["tools"], "choice": "required"}}  # type: ignore[dict-item]
    done = run_task(reply, asked, inputs=required, models={"w": FakeTextEngine(call.format(1))})
    assert done.texts == {"call 1 1 go": '{"to": 1}'}, "that was asked for"


def test_words_after_calls_without_further_tools_are_written_once() -> None:
    inputs = {
        "messages": [
            {"role": "user", "content": "Go"},
            {"role": "assistant", "content": "", "calls": [{"name": "go", "arguments": {"to": 1}}]},
            {"role": "tool", "content": "gone"},
        ]
    }
    engine = FakeTextEngine("I went.", "I went.")
    done = run_task(reply, Reply(weights=WeightsId("w")), inputs=inputs, models={"w": engine})
    assert done.texts == {"": "I went."}
    assert len(engine.prompts) == 1


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"choices": 17}, "17 replies"),
        ({"logprobs": 21}, "21 tokens"),
        ({"tools": {"tools": [], "choice": "go"}}, "no tool “go”"),
    ],
)
def test_more_than_can_be_had_is_refused(inputs: dict[str, Any], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        run_task(reply, Reply(prompt="x"), inputs=inputs)


@pytest.mark.parametrize("unit", ["apples, pears, plums, ", "{n}. An apple a day.\n", "ha "])
def test_a_text_that_goes_round_in_a_circle_is_ended(unit: str) -> None:
    words = ["Fruit: ", *(unit.format(n=number) for number in range(1000))]
    (result,) = only(run(Engine(*words), prompt="hi"), ResultEvent)
    assert result.values["finish_reason"] == "ended"
    assert len(result.values["text"]) < 2000
    form = only(run(Engine(*words), prompt="hi", regex="(.|\n)*"), ResultEvent)
    assert form[0].values["finish_reason"] == "stop", "control: a form may ask for it"


def test_a_refrain_and_a_long_text_are_no_circle() -> None:
    song = [f"Verse {number} has words of its own: {number * 7919}.\n" * 3 for number in range(80)]
    lines = [f"{chr(97 + n % 26) * (1 + n % 7)} is line number {n};\n" for n in range(400)]
    for words in (song[:3], lines):
        (result,) = only(run(Engine(*words), prompt="hi"), ResultEvent)
        assert result.values["finish_reason"] == "stop"
