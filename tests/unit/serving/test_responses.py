"""What the client of OpenAI reads: answers, streams, failures; that leaving stops a job."""

from __future__ import annotations

import asyncio
import functools
import json
import socket
from pathlib import Path

import openai
import pytest

from studio.protocol.errors import ErrorCode, StudioError
from studio.serving.access import MOST_REQUESTS
from studio.testing.guards import PATIENCE
from tests.unit.serving import conftest

pytestmark = pytest.mark.loopback
ASKED = {"model": "tiny", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture
def client(served):
    made = openai.OpenAI(
        base_url=served.server.address,
        api_key=served.server.token.text,
        max_retries=0,
        timeout=PATIENCE,
    )
    yield made
    made.close()


def test_models(client) -> None:
    assert [row.id for row in client.models.list().data] == ["tiny", "mini", "art", "mouth", "ear"]
    assert client.models.retrieve("tiny").owned_by == "local"
    with pytest.raises(openai.NotFoundError, match=r"no model “huge”.*Available: tiny, mini, art"):
        client.models.retrieve("huge")
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(**(ASKED | {"model": "gpt-oss-20b"}))
    assert caught.value.code == "model_not_found"
    changed = client.models.retrieve("mini").created
    assert changed == int(Path(conftest.__file__).stat().st_mtime)


def test_names_of_openais_models_stand_for_what_is_installed(served, client) -> None:
    served.says("Good day", finish_reason="stop")
    for name in ("gpt-4o", "gpt-4.1-mini", "o3-mini", "chatgpt-4o-latest"):
        made = client.chat.completions.create(**(ASKED | {"model": name}))
        assert made.model == "tiny", "the answer says who wrote it"
        assert served.studio.jobs.get_nowait().params["weights"] == "tiny"
    served.says(vectors=[[0.0, 1.0]])
    assert client.embeddings.create(model="text-embedding-3-small", input="a").model == "mini"
    assert served.studio.jobs.get_nowait().params["weights"] == "mini"
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="gpt-4o", input="a")


def test_moderation_is_refused_and_not_made_up(client) -> None:
    with pytest.raises(openai.InternalServerError, match="no local model classifies") as caught:
        client.moderations.create(input="a")
    assert caught.value.status_code == 501


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


def test_pictures_in_the_request_reach_the_model_with_their_messages(served, client) -> None:
    served.says("A hen.")
    shown = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGVu"}}
    asked = [
        {"role": "user", "content": [{"type": "text", "text": "What is this?"}, shown]},
        {"role": "assistant", "content": "A hen?"},
        {"role": "user", "content": [shown, {"type": "text", "text": "And this?"}]},
    ]
    client.chat.completions.create(model="tiny", messages=asked)
    inputs = served.studio.jobs.get_nowait().params
    assert inputs["pictures"] == ["aGVu", "aGVu"]
    assert [turn.get("pictures") for turn in inputs["messages"]] == [[0], None, [1]]


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
        ({"response_format": {"type": "xml"}}, "response_format"),
        ({"response_format": {"type": "json_schema"}}, "no schema"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}}, "no schema"),
        ({"response_format": {"type": "json_object"}, "extra_body": {"json_schema": {}}}, "one o"),
        ({"logit_bias": {"5": -100}}, "logit_bias"),
        ({"model": "mini"}, "cannot generate text"),
        ({"temperature": 9}, "Temperature"),
        ({"messages": [{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "http://a/b.png"}}]}]}, "is fetched"),
        ({"messages": [{"role": "user", "content": [
            {"type": "input_audio", "input_audio": {}}]}]}, "input_audio"),
    ],
)  # fmt: skip
def test_what_is_not_to_be_had_is_refused_and_not_ignored(client, extra, words) -> None:
    with pytest.raises(openai.BadRequestError, match=words):
        client.chat.completions.create(**(ASKED | extra))


@pytest.mark.parametrize(
    ("extra", "asked"),
    [
        ({"response_format": {"type": "text"}}, {}),
        ({"response_format": {"type": "json_object"}}, {"schema": '{"type":"object"}'}),
        ({"response_format": {"type": "json_schema", "json_schema": {
            "name": "a", "strict": True, "schema": {"type": "object", "b": 1, "a": 2}}}},
         {"schema": '{"type":"object","b":1,"a":2}'}),
        ({"extra_body": {"json_schema": {"type": "null"}}}, {"schema": '{"type":"null"}'}),
        ({"extra_body": {"regex": "a|b"}}, {"regex": "a|b"}),
        ({"extra_body": {"grammar": 'start: "a"', "json_schema": None}}, {"grammar": 'start: "a"'}),
        ({"max_completion_tokens": 7, "max_tokens": 9}, {"max_tokens": 7}),
        ({"max_tokens": 0}, {"max_tokens": 0}),  # which the task refuses
        ({"max_tokens": -1}, {"max_tokens": 32_768}),  # as llama.cpp and LM Studio have it
        ({"max_completion_tokens": 131_072}, {"max_tokens": 32_768}),
        ({"extra_body": {"top_k": 3, "min_p": 0.1, "repeat_penalty": 1.2, "stream": None}},
         {"top_k": 3, "min_p": 0.1, "repetition_penalty": 1.2}),
        ({"n": 1, "logprobs": False, "logit_bias": {}, "tool_choice": "none", "user": "u"}, {}),
        ({"temperature": 0, "seed": 0}, {"temperature": 0, "seed": 0}),
    ],
)  # fmt: skip
def test_what_a_request_says_reaches_the_task(served, client, extra, asked) -> None:
    served.says("x")
    client.chat.completions.create(**(ASKED | extra))
    params = dict(served.studio.jobs.get_nowait().params)
    assert params == {
        "task": "chat.reply", "weights": "tiny", "messages": ASKED["messages"],
        "max_tokens": 1024, "stop": [], **asked,
    }  # fmt: skip


def test_what_editors_send_is_understood(served, client) -> None:
    served.says("x")
    parts = [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]
    turns = [
        {"role": "developer", "content": parts, "name": "editor"},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": None},
        {"role": "user", "content": "b"},
    ]
    headers = {"HTTP-Referer": "https://aider.chat", "X-Title": "Aider"}
    stops = [f"</{i}>" for i in range(16)]
    made = client.chat.completions.create(
        model="tiny", messages=turns, stop=stops, temperature=0, stream=True, extra_headers=headers,
        extra_body={"num_ctx": 8192, "reasoning_effort": None, "parallel_tool_calls": None},
    )  # fmt: skip
    assert "".join(chunk.choices[0].delta.content or "" for chunk in made) == "x"
    asked = served.studio.jobs.get_nowait().params
    assert [(m["role"], m["content"]) for m in asked["messages"]] == [
        ("system", "Be brief."), ("user", "a"), ("assistant", ""), ("user", "b"),
    ]  # fmt: skip
    assert asked["stop"] == stops
    holes = client.completions.create(model="tiny", prompt=["<fim>a"], stop=["\n"], max_tokens=64)
    assert holes.choices[0].text == "x"
    client.completions.create(model="tiny", prompt="a", suffix="b")
    served.studio.jobs.get_nowait()
    asked = served.studio.jobs.get_nowait().params
    assert (asked["prompt"], asked["suffix"], asked["raw"]) == ("a", "b", True)


def test_an_answer_that_was_cut_says_so_though_it_streams(served, client) -> None:
    served.says('{"a": 1', finish_reason="length")
    form = {"type": "json_object"}
    chunks = list(client.chat.completions.create(**ASKED, stream=True, response_format=form))
    assert chunks[-1].choices[0].finish_reason == "length"


def test_what_was_left_out_of_a_conversation_is_told(served, client) -> None:
    served.says("x", dropped=3, note="")
    made = client.chat.completions.create(**ASKED)
    chunks = list(client.chat.completions.create(**ASKED, stream=True))
    assert made.model_extra == chunks[-1].model_extra == {"dropped": 3}


def test_vectors(served, client) -> None:
    def script(job) -> None:
        texts = job.params["texts"]
        made = [[float(len(text)), 0.25] for text in texts]
        job.calls["on_done"]({"vectors": made, "tokens": len(texts), "shortened": [0]})

    served.studio.script = script
    made = client.embeddings.create(model="mini", input="four")  # as base64, for this client
    assert made.data[0].embedding == [4.0, 0.25]
    assert made.usage.total_tokens == 1
    many = ["x" * (i % 7) for i in range(300)]
    made = client.embeddings.create(model="mini", input=many, encoding_format="float")
    assert [row.index for row in made.data] == list(range(300))
    assert [row.embedding[0] for row in made.data] == [i % 7 for i in range(300)]
    assert made.usage.prompt_tokens == 300
    assert made.model_extra["shortened"] == [0, 256]
    sizes = [len(served.studio.jobs.get_nowait().params["texts"]) for _ in range(3)]
    assert sizes == [1, 256, 44]


def test_as_many_texts_and_messages_as_may_be_are_served(served, client) -> None:
    def script(job) -> None:
        texts = job.params["texts"]
        vectors = [[1.0]] * len(texts)
        job.calls["on_done"]({"vectors": vectors, "tokens": len(texts), "shortened": []})

    served.studio.script = script
    made = client.embeddings.create(model="mini", input=["a"] * 2048, encoding_format="float")
    assert len(made.data) == 2048
    roles = ("user", "assistant")
    messages = [{"role": roles[n % 2], "content": f"number {n}"} for n in range(1001)]
    served.says("yes")
    told = client.chat.completions.create(model="tiny", messages=messages)
    assert told.choices[0].message.content == "yes"
    while (job := served.studio.jobs.get_nowait()).params.get("texts"):
        continue
    assert "number 1000" in str(job.params)
    assert "number 999" in str(job.params), "the engine decides what is left out, not the server"


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"model": "tiny"}, "cannot create embeddings"), ({"input": []}, "1 to 2048"),
        ({"input": ["a"] * 2049}, "1 to 2048"), ({"input": [[1, 2]]}, "not token ids"),
        ({"input": [1, 2]}, "not token ids"),
    ],
)  # fmt: skip
def test_vectors_that_are_not_to_be_had_are_refused(client, extra, words) -> None:
    with pytest.raises(openai.BadRequestError, match=words):
        client.embeddings.create(**({"model": "mini", "input": "a"} | extra))


def test_two_hundred_at_once_are_served_or_told_when_to_come_back(served) -> None:
    async def ask_all() -> list[object]:
        async with openai.AsyncOpenAI(
            base_url=served.server.address,
            api_key=served.server.token.text,
            max_retries=0,
            timeout=PATIENCE,  # to connect, too: the library's five seconds pass on a busy machine
        ) as asking:
            asked = [
                asyncio.create_task(asking.chat.completions.create(**ASKED)) for _ in range(200)
            ]
            refused = 0
            while refused < 200 - MOST_REQUESTS:
                done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    asked.remove(each)
                    with pytest.raises(openai.RateLimitError) as caught:
                        each.result()
                    assert int(caught.value.response.headers["Retry-After"]) > 0
                    refused += 1
            for _ in range(MOST_REQUESTS):  # those that were taken are all there
                # beside the loop, which may still have a body to send
                job = await asyncio.to_thread(served.studio.jobs.get, timeout=PATIENCE)
                served.studio.post(functools.partial(job.calls["on_done"], {"tokens": 0}))
            return list(await asyncio.gather(*asked))

    answers = asyncio.run(ask_all())
    assert len(answers) == MOST_REQUESTS
    assert served.studio.jobs.empty()


def test_failures_are_told_before_and_within_a_stream(served, client) -> None:
    full = StudioError(ErrorCode.CONTEXT_TOO_LONG, "It does not fit.", "Shorten it.")
    served.studio.script = lambda job: job.calls["on_failed"](full)
    with pytest.raises(openai.BadRequestError, match="does not fit"):
        client.chat.completions.create(**ASKED)
    with pytest.raises(openai.BadRequestError, match="does not fit") as caught:
        client.chat.completions.create(**ASKED, stream=True)
    assert caught.value.code == "context_length_exceeded"
    served.studio.script = lambda job: job.calls["on_cancelled"]()  # and is not asked for again
    with pytest.raises(openai.PermissionDeniedError, match="user stopped"):
        client.with_options(max_retries=2).chat.completions.create(**ASKED)

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
    assert served.studio.jobs.get(timeout=PATIENCE).cancelled.wait(PATIENCE)
    served.studio.script = lambda job: None  # it still reads, or waits for its turn
    for stream in (False, True):
        with socket.create_connection(("127.0.0.1", served.server.port), PATIENCE) as link:
            link.sendall(_request(served, {**ASKED, "stream": stream}))
            job = served.studio.jobs.get(timeout=PATIENCE)
            assert not job.cancelled.is_set()
        assert job.cancelled.wait(PATIENCE)


def _request(served, asked: dict[str, object]) -> bytes:
    body = json.dumps(asked).encode()
    head = ["POST /v1/chat/completions HTTP/1.1", served.host, served.token]
    head += ["Content-Type: application/json", f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body
