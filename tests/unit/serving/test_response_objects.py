"""``/v1/responses`` and pictures, as the ``openai`` client asks for them and reads them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.unit.serving.conftest import FakeJob, Served
from tests.unit.serving.test_tools import CALLS, says

pytestmark = pytest.mark.loopback

TOOL: Any = {"type": "function", "name": "weather", "parameters": {"type": "object"}}


@pytest.fixture
def client(served: Served) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=served.server.address, api_key=served.server.token.text, max_retries=0
    ) as made:
        yield made


def test_a_text_and_the_conversation_that_goes_on_with_it(served, client) -> None:
    says(served, ("", "Hel"), ("", "lo"), finish_reason="stop")
    first = client.responses.create(model="tiny", instructions="Be brief.", input="Hi")
    assert (first.output_text, first.status, first.usage.total_tokens) == ("Hello", "completed", 5)
    assert served.studio.jobs.get_nowait().params["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
    ]
    client.responses.create(model="tiny", input="And?", previous_response_id=first.id, store=False)
    assert [m["content"] for m in served.studio.jobs.get_nowait().params["messages"]] == [
        "Hi", "Hello", "And?",
    ]  # fmt: skip
    with pytest.raises(openai.NotFoundError, match="no response “resp_x”"):
        client.responses.create(model="tiny", input="x", previous_response_id="resp_x")


def test_calls_and_what_they_returned(served, client) -> None:
    says(served, *CALLS, finish_reason="stop")
    made = client.responses.create(
        model="tiny",
        input="Weather?",
        tools=[TOOL],
        tool_choice={"type": "function", "name": "weather"},
    )
    assert [item.type for item in made.output] == ["message", "function_call", "function_call"]
    assert json.loads(made.output[1].arguments) == {"city": "Oslo"}
    assert served.studio.jobs.get_nowait().params["tools"]["choice"] == "weather"
    results: Any = [
        {"type": "function_call_output", "call_id": item.call_id, "output": "rain"}
        for item in made.output[1:]
    ]
    says(served, ("", "Wet."))
    client.responses.create(model="tiny", input=results, previous_response_id=made.id)
    turns = served.studio.jobs.get_nowait().params["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "tool", "tool"]
    assert [call["arguments"]["city"] for call in turns[1]["calls"]] == ["Oslo", "Bonn"]
    whole = [{"role": "user", "content": "Weather?"}, *made.output, *results]
    client.responses.create(model="tiny", input=whole)
    assert served.studio.jobs.get_nowait().params["messages"] == turns, "or all of it is sent again"


def test_events_add_up_to_the_whole(served, client) -> None:
    says(served, *CALLS, finish_reason="length")
    with client.responses.stream(model="tiny", input="Weather?", tools=[TOOL]) as stream:
        events = list(stream)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type for event in events]
    assert (kinds[0], kinds[-1]) == ("response.created", "response.incomplete")
    for part in ("output_text.delta", "output_text.done", "function_call_arguments.delta"):
        assert f"response.{part}" in kinds
    assert (
        kinds.count("response.output_item.added") == kinds.count("response.output_item.done") == 3
    )
    final = events[-1].response
    assert final.output_text == "Let me see."
    assert [item.arguments for item in final.output[1:]] == ['{"city": "Oslo"}', '{"city": "Bonn"}']
    assert final.incomplete_details.reason == "max_output_tokens"


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ({"background": True}, "background"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "item_reference"),
        ({"input": [{"type": "function_call_output", "call_id": "q", "output": "x"}]}, "not make"),
        ({"input": [{"role": "wizard", "content": "x"}]}, "wizard"),
        ({"tools": [{"type": "file_search", "vector_store_ids": []}]}, "functions are"),
        ({"input": [{"role": "user", "content": [
            {"type": "input_image", "image_url": "x", "detail": "auto"}]}]}, "nothing is fetched"),
        ({"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, "input_file"),
    ],
)  # fmt: skip
def test_what_is_not_to_be_had_is_a_sentence(client, extra, told) -> None:
    with pytest.raises(openai.BadRequestError, match=told):
        client.responses.create(**{"model": "tiny", "input": "Hi", **extra})


def test_pictures_come_as_base64(served, client) -> None:
    def script(job: FakeJob) -> None:
        for data in (b"one", b"two"):
            job.calls["on_handed"]("image", data)
        job.calls["on_handed"]("text", b"no picture")
        job.calls["on_done"]({})

    served.studio.script = script
    made = client.images.generate(prompt="a frog", model="art", n=2, size="512x256")
    assert [base64.b64decode(each.b64_json) for each in made.data] == [b"one", b"two"]
    asked = served.studio.jobs.get_nowait().params
    wanted = {"prompt": "a frog", "count": 2, "width": 512, "height": 256, "weights": "art"}
    assert wanted.items() <= asked.items()
    for extra, told in (
        ({"response_format": "url"}, "b64_json"), ({"size": "big"}, "512x512"), ({"n": 11}, "10"),
        ({"model": "tiny"}, "cannot generate pictures"), ({"prompt": " "}, "empty"),
    ):  # fmt: skip
        with pytest.raises(openai.BadRequestError, match=told):
            client.images.generate(**{"prompt": "a frog", **extra})


def test_what_no_plugin_does_is_not_there(client) -> None:
    with pytest.raises(openai.NotFoundError, match="/v1/fine_tuning/jobs does not exist"):
        client.fine_tuning.jobs.create(model="tiny", training_file="file")


def test_a_text_is_read_aloud(served, client) -> None:
    def script(job: FakeJob) -> None:
        job.calls["on_handed"]("audio", b"RIFF")
        job.calls["on_done"]({})

    served.studio.script = script
    made = client.audio.speech.create(model="tts-1", input="Hi", voice="nova", speed=1.5)
    assert made.content == b"RIFF"
    asked = served.studio.jobs.get_nowait().params
    wanted = {"text": "Hi", "voice": "af_nova", "speed": 1.5, "weights": "mouth"}
    assert wanted.items() <= asked.items()
    for extra, told in (
        ({"response_format": "mp3"}, "must be wav"), ({"model": "tiny"}, "cannot read aloud"),
    ):  # fmt: skip
        with pytest.raises(openai.BadRequestError, match=told):
            client.audio.speech.create(**{"model": "mouth", "input": "Hi", "voice": "x", **extra})


SAID = {
    "text": "Hi there.",
    "segments": [{"start": 0.5, "end": 61.25, "text": "Hi there."}],
    "language": "en",
    "duration": 62.0,
}


@pytest.mark.parametrize(
    ("form", "wanted"),
    [
        ("text", "Hi there.\n"),
        ("srt", "1\n00:00:00,500 --> 00:01:01,250\nHi there.\n"),
        ("vtt", "WEBVTT\n\n00:00:00.500 --> 00:01:01.250\nHi there.\n"),
    ],
)
def test_a_recording_is_written_down(served, client, form: str, wanted: str) -> None:
    served.studio.script = lambda job: job.calls["on_done"](SAID)
    create = client.audio.transcriptions.create
    made = create(model="ear", file=("a.wav", b"RIFF"), response_format=form, language="de")
    assert made == wanted
    asked = served.studio.jobs.get_nowait().params
    assert (asked["sound"], asked["language"], asked["output"]) == (b"RIFF", "de", "original")


def test_a_transcript_comes_with_times_and_a_translation_is_english(served, client) -> None:
    served.studio.script = lambda job: job.calls["on_done"](SAID)
    file = ("a.wav", b"RIFF")
    made = client.audio.transcriptions.create(
        model="ear", file=file, response_format="verbose_json"
    )
    assert (made.text, made.duration, made.segments[0].end) == ("Hi there.", 62.0, 61.25)
    served.studio.jobs.get_nowait()
    told = client.audio.translations.create(model="ear", file=file)
    assert told.text == "Hi there."
    assert served.studio.jobs.get_nowait().params["output"] == "english"
    with pytest.raises(openai.BadRequestError, match="response_format"):
        client.audio.transcriptions.create(model="ear", file=file, response_format="diarized_json")
