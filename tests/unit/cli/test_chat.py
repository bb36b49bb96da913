"""The terminal conversation: what is sent, shown and kept."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.cli.chat import Chat
from studio.cli.terminal.exit_code import ExitCode
from studio.library.rows import MessageState
from studio.protocol.errors import ErrorCode, StudioError
from studio.studio import Studio
from studio.testing.scripted import Fail, Result, ScriptedRuntime, Tokens

Talk = Callable[[str], tuple[str, str]]

pytest.importorskip("studio_chat", reason="the chat plugin is not installed")


@pytest.fixture
def runtime() -> ScriptedRuntime:
    return ScriptedRuntime()


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "tiny.gguf").write_bytes(b"GGUF" + bytes(60))
    monkeypatch.setenv("STUDIO_WEIGHTS", str(folder))
    return folder


@pytest.fixture
def studio(home: Path, weights: Path, runtime: ScriptedRuntime) -> Iterator[Studio]:
    studio = Studio.open(home=home, launch=runtime.launch)
    yield studio
    studio.close()


@pytest.fixture
def chat(studio: Studio) -> Chat:
    return Chat(studio, {"seed": 1})


@pytest.fixture
def talk(chat: Chat, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Talk:
    def say(lines: str) -> tuple[str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(lines))
        assert chat.talk() == 0
        return capsys.readouterr()

    return say


def kept(chat: Chat) -> list[tuple[str, str]]:
    assert chat.conversation is not None
    thread = chat.studio.library.conversations.thread(chat.conversation.id)
    return [(message.role, message.content) for message in thread]


def turns(runtime: ScriptedRuntime, number: int) -> list[dict[str, str]]:
    """Return the conversation that came with a job."""
    inputs = runtime.inputs_of(runtime.submitted[number])
    return inputs.json("messages", list[dict[str, str]], [])


def test_reply_streams_is_kept_and_is_part_of_the_next_question(
    chat: Chat, talk: Talk, runtime: ScriptedRuntime
) -> None:
    runtime.enqueue(Tokens("Hel", "lo", "\x1b[2J!"), Result(text="Hello!", tokens=3))
    runtime.enqueue(Tokens("Bye"), Result(text="Bye"))
    out, _ = talk("Hi\nAnd now?\n")
    assert out == "Hello!\nBye\n"
    assert kept(chat)[::3] == [("user", "Hi"), ("assistant", "Bye")]
    assert [m["content"] for m in turns(runtime, 1)][::2] == [
        "Hi",
        "And now?",
    ]
    assert runtime.submitted[0].seed == 1
    assert chat.conversation is not None
    assert chat.conversation.title == "Hi"


def test_what_should_be_known_of_a_reply_is_told(talk: Talk, runtime: ScriptedRuntime) -> None:
    runtime.enqueue(Tokens("Hi"), Result(
        text="Hi", note="The chat template failed.", finish_reason="length"
    ))  # fmt: skip
    _, err = talk("hello\n")
    assert "(The chat template failed.)" in err
    assert "--max-tokens" in err


def test_commands(chat: Chat, talk: Talk, runtime: ScriptedRuntime) -> None:
    _, err = talk("/system Be brief.\nOne\n/new\nTwo\n/help\n/nonsense\n/\n/quit\nnever said\n")
    assert [job.params["system"] for job in runtime.submitted] == ["Be brief."] * 2
    assert [len(turns(runtime, number)) for number in (0, 1)] == [1, 1]
    assert "Unknown command /nonsense" in err
    assert len(chat.studio.library.conversations.list()) == 2


def test_line_goes_on_after_a_backslash(talk: Talk, runtime: ScriptedRuntime) -> None:
    talk("one\\\ntwo\n")
    assert turns(runtime, 0)[0]["content"] == "one\ntwo"


def test_failure_is_a_sentence_and_the_talk_goes_on(
    chat: Chat, talk: Talk, runtime: ScriptedRuntime
) -> None:
    runtime.enqueue(
        Tokens("Begun"), Fail(StudioError(ErrorCode.OUT_OF_MEMORY, "No room.", "Close some."))
    )
    runtime.enqueue(Tokens("Fine"), Result(text="Fine"))
    out, err = talk("a\nb\n")
    assert "No room. Close some." in err
    assert out == "Begun\nFine\n"
    assert chat.conversation is not None
    states = [m.state for m in chat.studio.library.conversations.thread(chat.conversation.id)]
    assert states[1::2] == [MessageState.INTERRUPTED, MessageState.COMPLETE]


def test_resume_shows_what_was_said_and_goes_on(
    chat: Chat, talk: Talk, studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    talk("Hi\n")
    again = Chat(studio, {})
    again.resume("")
    assert "› Hi" in capsys.readouterr().out
    assert again.conversation == studio.library.conversations.list()[0]
    with pytest.raises(StudioError, match="not in the library"):
        again.resume("nonesuch")


def test_nothing_to_resume_says_so(chat: Chat) -> None:
    with pytest.raises(StudioError, match="no conversation to continue"):
        chat.resume("")


def test_without_the_plugin_it_says_what_is_missing(command: Callable[..., Any]) -> None:
    code, _, err = command("--only", "echo", "chat")
    assert code == ExitCode.FAILED
    assert "“chat.reply” cannot run" in err


def test_a_full_context_and_what_was_left_out_are_told(
    talk: Talk, runtime: ScriptedRuntime
) -> None:
    runtime.enqueue(Tokens("a"), Result(text="a", finish_reason="context", dropped=3))
    _, hints = talk("Hi\n")
    assert "the oldest 3 messages were left out" in hints
    assert "context is full: ask the model to continue" in hints
    runtime.enqueue(Tokens("b"), Result(text="b", finish_reason="stop", dropped=0))
    assert talk("Hi\n")[1] == "", "nothing to tell"


def test_what_weights_recommend_is_the_system_prompt_until_the_user_says_otherwise(
    chat: Chat, talk: Talk, runtime: ScriptedRuntime, weights: Path
) -> None:
    (weights / "tiny.toml").write_text(
        'id = "tiny"\ntitle = "A tiny one"\nfile = "tiny.gguf"\ncapability = ["text"]\n'
        "everyday = 0.9\n"  # abler than the starter, where that is installed
        '[recommended]\nsystem = "Be brief."\n'
    )
    chat.studio.weights.rescan()
    for _ in range(3):
        runtime.enqueue(Result(text="Hello!"))
    talk("Hi\n/system You are Ada.\nHi\n/system\nHi\n")
    assert [asked.params["system"] for asked in runtime.submitted] == [
        "Be brief.",
        "You are Ada.",
        "",
    ]
    assert chat.conversation is not None


def test_a_long_talk_grows_the_library_by_what_was_said(
    chat: Chat, talk: Talk, runtime: ScriptedRuntime
) -> None:
    """Each question comes with all that was said before: of that, nothing is kept again."""
    said = "The harbour was quiet. " * 40
    library = chat.studio.library

    def grown() -> int:
        pages = "SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count"
        files = sum(path.stat().st_size for path in library.folder.glob("history/**/*.jsonl"))
        return files + 4096 * int(library._database.value(pages))

    sizes = [grown()]
    for _ in range(2):
        for _ in range(50):
            runtime.enqueue(Tokens(said), Result(text=said))
        talk(f"{said}\n" * 50)
        sizes.append(grown())
    half, whole = sizes[1] - sizes[0], sizes[2] - sizes[0]
    print(f"50 turns of {2 * len(said):,} bytes: {half:,}; 100 turns: {whole:,}")
    assert whole < 2.2 * half
    assert whole < 6 * 100 * 2 * len(said), "rows, words to search by, history"
