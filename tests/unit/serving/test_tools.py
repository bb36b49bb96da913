"""Tools, several replies and likelihoods, as the ``openai`` client asks for them and reads them."""

from __future__ import annotations

import base64
import json
import math
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.unit.serving.conftest import FakeJob, Served

pytestmark = pytest.mark.loopback

TOOL: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tells it.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
USER = {"role": "user", "content": "Weather in Oslo and Bonn?"}


def call(id: str, city: str = "Oslo") -> dict[str, Any]:
    made = {"name": "weather", "arguments": json.dumps({"city": city})}
    return {"id": id, "type": "function", "function": made}


@pytest.fixture
def client(served: Served) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=served.server.address, api_key=served.server.token.text, max_retries=0
    ) as made:
        yield made


def says(served: Served, *pieces: tuple[str, str], **result: Any) -> None:
    def script(job: FakeJob) -> None:
        for channel, text in pieces:
            job.calls["on_text"](text, 1, channel)
        job.calls["on_done"]({"tokens": len(pieces), "prompt_tokens": 3, **result})

    served.studio.script = script


CALLS = (
    ("", "Let me see."),
    ("call 1 1 weather", '{"city": '),
    ("call 1 1 weather", '"Oslo"}'),
    ("call 1 2 weather", '{"city": "Bonn"}'),
)


def test_calls_come_whole_and_in_deltas(served: Served, client: openai.OpenAI) -> None:
    says(served, *CALLS, finish_reason="stop", finish_reasons=["stop"])
    asked: Any = {"model": "tiny", "messages": [USER], "tools": [TOOL]}
    (whole,) = client.chat.completions.create(**asked).choices
    assert whole.finish_reason == "tool_calls"
    assert whole.message.content == "Let me see."
    made = [(c.function.name, json.loads(c.function.arguments)) for c in whole.message.tool_calls]
    assert made == [("weather", {"city": "Oslo"}), ("weather", {"city": "Bonn"})]
    assert len({c.id for c in whole.message.tool_calls}) == 2
    with client.chat.completions.stream(**asked) as stream:  # the client puts deltas together
        told = stream.get_final_completion().choices[0]
    assert told.finish_reason == "tool_calls"
    assert [c.function.arguments for c in told.message.tool_calls] == [
        '{"city": "Oslo"}', '{"city": "Bonn"}',
    ]  # fmt: skip
    job = served.studio.jobs.get_nowait()
    assert job.params["tools"]["choice"] == "auto"
    assert job.params["tools"]["tools"][0]["description"] == "Tells it."


def test_what_a_tool_returned_goes_on_in_the_order_of_the_calls(served, client) -> None:
    served.says("Rain.")
    turns = [
        USER,
        {"role": "assistant", "content": None, "tool_calls": [call("a"), call("b", "Bonn")]},
        {"role": "tool", "tool_call_id": "b", "content": "sun"},
        {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "rain"}]},
    ]
    client.chat.completions.create(model="tiny", messages=turns)
    assert served.studio.jobs.get_nowait().params["messages"][1:] == [
        {
            "role": "assistant",
            "content": "",
            "calls": [
                {"name": "weather", "arguments": {"city": "Oslo"}},
                {"name": "weather", "arguments": {"city": "Bonn"}},
            ],
        },
        {"role": "tool", "content": "rain"},
        {"role": "tool", "content": "sun"},
    ]


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ("none", "none"),
        ("required", "required"),
        ({"type": "function", "function": {"name": "weather"}}, "weather"),
    ],
)
def test_a_call_may_be_asked_for(served, client, choice, told) -> None:
    served.says("x")
    client.chat.completions.create(
        model="tiny", messages=[USER], tools=[TOOL], tool_choice=choice, parallel_tool_calls=False
    )
    asked = served.studio.jobs.get_nowait().params["tools"]
    assert (asked["choice"], asked["parallel"]) == (told, False)


ANSWER = {"role": "tool", "tool_call_id": "a", "content": "rain"}
CALLED = {"role": "assistant", "content": None, "tool_calls": [call("a")]}


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ({"messages": [USER, ANSWER]}, "Message 2 answers the tool call “a”"),
        ({"messages": [USER, CALLED, USER, ANSWER]}, "Message 4 answers"),
        ({"messages": [USER, CALLED, ANSWER, ANSWER]}, "Message 4 answers .* a second time"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "unknown role “wizard”"),
        ({"tools": [{"type": "web_search"}]}, "functions are"),
        ({"tools": [TOOL, TOOL]}, "name of its own"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "1 to 64 letters"),
        ({"tools": [{"name": "f", "parameters": {"type": "string"}}]}, "of the type “object”"),
        ({"tool_choice": "required"}, "has no “tools”"),
        ({"tools": [TOOL], "tool_choice": "must"}, "auto, none, required"),
        ({"functions": [{"name": "f"}]}, "use tools"),
        ({"n": 17}, "“n” must be"), ({"n": 0}, "“n” must be"),
        ({"logit_bias": {"1": 1}}, "logit_bias"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_sentence(client, extra, told) -> None:
    asked = {"model": "tiny", "messages": [USER], **extra}
    with pytest.raises(openai.BadRequestError, match=told):
        client.chat.completions.create(**asked)


def row(text: str, logprob: float) -> str:
    spelt = base64.b64encode(text.encode()).decode()
    return json.dumps([spelt, logprob, [[spelt, logprob]]]) + "\n"


def test_several_replies_and_how_likely_their_tokens_were(served, client) -> None:
    says(
        served, ("logprobs 1", row("Hi", -0.5)), ("", "Hi"), ("answer 2", "Ho"),
        ("logprobs 2", row("Ho", -1.5)), finish_reasons=["stop", "length"],
    )  # fmt: skip
    asked: Any = {"model": "tiny", "messages": [USER], "n": 2, "logprobs": True, "top_logprobs": 1}
    made = client.chat.completions.create(**asked).choices
    assert [(c.message.content, c.finish_reason) for c in made] == [
        ("Hi", "stop"),
        ("Ho", "length"),
    ]
    assert made[1].logprobs.content[0].logprob == -1.5
    assert made[1].logprobs.content[0].top_logprobs[0].token == "Ho"
    job = served.studio.jobs.get_nowait()
    assert (job.params["choices"], job.params["logprobs"]) == (2, 1)
    texts = ["", ""]
    for chunk in client.chat.completions.create(**asked, stream=True):
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert texts == ["Hi", "Ho"]
    plain = client.completions.create(model="tiny", prompt="a", n=2, logprobs=1).choices
    assert [c.text for c in plain] == ["Hi", "Ho"]
    assert plain[0].logprobs.top_logprobs == [{"Hi": -0.5}]


def test_vectors_may_be_shorter_and_have_the_length_one(served, client) -> None:
    def script(job: FakeJob) -> None:
        job.calls["on_done"]({"vectors": [[0.6, 0.0, 0.8]], "tokens": 1, "shortened": []})

    served.studio.script = script
    made = client.embeddings.create(model="mini", input="a", dimensions=2, encoding_format="float")
    assert made.data[0].embedding == [1.0, 0.0]
    assert math.isclose(sum(each**2 for each in made.data[0].embedding), 1)
    for dimensions in (0, 4):
        with pytest.raises(openai.BadRequestError, match="dimensions"):
            client.embeddings.create(model="mini", input="a", dimensions=dimensions)


def test_a_program_can_ask_whether_the_server_is_there(served) -> None:
    assert served.status(served.host, line="GET /health HTTP/1.1") == 200
    assert served.status("Host: evil.com", line="GET /health HTTP/1.1") == 403


def test_editors_have_a_gap_filled_as_by_llama_cpp(served: Served) -> None:
    """What llama.vim sends: no model, the fields it wants, a warm-up of no tokens."""
    asked = {
        "input_prefix": "def add(a, b):\n", "prompt": "    return ",
        "input_suffix": "\n\nadd(1, 2)\n",
        "input_extra": [{"text": "x", "filename": "a.py"}], "n_predict": 9, "top_k": 40,
        "stop": ["\n\n"], "stream": False, "samplers": ["top_k"], "cache_prompt": True,
    }  # fmt: skip
    url = f"http://127.0.0.1:{served.server.port}/infill"
    headers = {
        "Authorization": f"Bearer {served.server.token.text}",
        "Content-Type": "application/json",
    }

    def told(**more: object) -> Any:
        body = json.dumps(asked | more).encode()
        with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as reply:
            return json.load(reply)

    served.says("a", " + b", finish_reason="stop")
    found = told()
    assert (found["content"], found["model"], found["stop_type"]) == ("a + b", "tiny", "eos")
    job = served.studio.jobs.get_nowait().params
    assert (job["prompt"], job["suffix"]) == ("def add(a, b):\n    return ", "\n\nadd(1, 2)\n")
    assert (job["raw"], job["max_tokens"], job["stop"], job["top_k"]) == (True, 9, ["\n\n"], 40)
    assert told(response_fields=["content", "timings/predicted_n", "nonesuch"]) == {
        "content": "a + b", "timings/predicted_n": 2
    }  # fmt: skip
    served.studio.jobs.get_nowait()
    assert told(n_predict=0)["content"] == ""
    assert served.studio.jobs.empty(), "nothing is written to warm a cache"
    served.says("a\n", "b", finish_reason="stop")
    assert told(t_max_predict_ms=60_000)["content"] == "a\nb"
    for wrong, words in (({"stream": True}, "stream"), ({"model": "mini"}, "cannot generate text")):
        with pytest.raises(urllib.error.HTTPError) as refused:
            told(**wrong)
        assert (refused.value.code, words in refused.value.read().decode()) == (400, True)
