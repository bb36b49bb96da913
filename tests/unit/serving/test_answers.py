"""What the client of OpenAI reads: answers, streams, failures; that leaving stops a job."""

from __future__ import annotations

import openai
import pytest

from studio.protocol.errors import ErrorCode, StudioError

pytestmark = pytest.mark.loopback
ASKED = {"model": "tiny", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture
def client(served):
    made = openai.OpenAI(
        base_url=served.server.address, api_key=served.server.token.text, max_retries=0, timeout=10
    )
    yield made
    made.close()


def test_models(client) -> None:
    assert [row.id for row in client.models.list().data] == ["tiny"]
    assert client.models.retrieve("tiny").owned_by == "local"
    with pytest.raises(openai.NotFoundError, match="no weights called"):
        client.models.retrieve("huge")


def test_a_whole_answer(served, client) -> None:
    served.says("Good ", "day", finish_reason="length")
    made = client.chat.completions.create(
        **ASKED, temperature=0.5, max_tokens=9, stop="x", seed=4, presence_penalty=1
    )
    assert made.choices[0].message.content == "Good day"
    assert made.choices[0].finish_reason == "length"
    assert (made.usage.prompt_tokens, made.usage.completion_tokens) == (3, 2)
    asked = served.studio.jobs.get_nowait().params
    assert asked == {
        "task": "chat.reply", "weights": "tiny", "messages": ASKED["messages"], "temperature": 0.5,
        "max_tokens": 9, "stop": ["x"], "seed": 4, "presence_penalty": 1,
    }  # fmt: skip


def test_a_stream(served, client) -> None:
    served.says("Good ", "day", finish_reason="stop")
    options = {"include_usage": True}
    chunks = list(client.chat.completions.create(**ASKED, stream=True, stream_options=options))
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "Good day"
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage.total_tokens == 5


def test_a_text_that_goes_on(served, client) -> None:
    served.says(" a time")
    assert client.completions.create(model="tiny", prompt="Once").choices[0].text == " a time"
    asked = served.studio.jobs.get_nowait().params
    assert (asked["prompt"], asked["raw"]) == ("Once", True)
    parts = client.completions.create(model="tiny", prompt="Once", stream=True)
    assert "".join(part.choices[0].text for part in parts) == " a time"


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"n": 2}, "one answer"),
        ({"logprobs": True}, "logprobs"),
        ({"temperature": 9}, "Temperature"),
        ({"messages": [{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "http://a/b.png"}}]}]}, "image_url"),
    ],
)  # fmt: skip
def test_what_is_not_to_be_had_is_refused_and_not_ignored(client, extra, words) -> None:
    with pytest.raises(openai.BadRequestError, match=words):
        client.chat.completions.create(**(ASKED | extra))


def test_failures_are_told_before_and_within_a_stream(served, client) -> None:
    full = StudioError(ErrorCode.CONTEXT_TOO_LONG, "It does not fit.", "Shorten it.")
    served.studio.script = lambda job: job.calls["on_failed"](full)
    with pytest.raises(openai.BadRequestError, match="does not fit"):
        client.chat.completions.create(**ASKED)
    with pytest.raises(openai.BadRequestError, match="does not fit"):
        client.chat.completions.create(**ASKED, stream=True)

    def fail_later(job) -> None:
        job.calls["on_text"]("Go", 1, "")
        job.calls["on_failed"](StudioError(ErrorCode.RUNTIME_LOST, "It ended."))

    served.studio.script = fail_later
    with pytest.raises(openai.APIError, match="It ended"):
        list(client.chat.completions.create(**ASKED, stream=True))


def test_a_client_that_leaves_stops_its_job(served, client) -> None:
    served.studio.script = lambda job: job.calls["on_text"]("Go", 1, "")
    stream = client.chat.completions.create(**ASKED, stream=True)
    next(iter(stream))
    stream.close()
    assert served.studio.jobs.get(timeout=5).cancelled.wait(5)
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.2).chat.completions.create(**ASKED)
    assert served.studio.jobs.get(timeout=5).cancelled.wait(5)
