"""Documents in a conversation: short ones whole, of long ones what the question is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from studio.api import BadInput, ErrorCode, SamplingParams, StudioError, TextStep, finished
from studio.sandbox.sandbox import own_sandbox
from studio.testing.plugins import Made, run_task
from studio_chat.documents import passages as documents
from studio_chat.documents import pdf, ranking
from studio_chat.documents.evidence import stretches
from studio_chat.documents.passages import Document, Passage, passages
from studio_chat.pages.phrases import drawn_on
from studio_chat.schema import Reply
from studio_chat.tasks.reply import reply


def read(path: str) -> Document:
    return finished(documents.read(path, own_sandbox()))


TOPICS = ("tea", "iron", "whales", "clocks", "salt", "violins")


class Talker:
    """Says a word and remembers what it was asked; counts words as tokens, has room for 400."""

    context_length = 400

    def __init__(self, word: str) -> None:
        self.word = word
        self.messages: Sequence[Any] = ()

    def fit(self, messages: Sequence[Any], reserve: int) -> Any:
        self.messages = messages
        return SimpleNamespace(ids=[1, 2, 3], dropped=0, note="")

    def generate(self, ids: Sequence[int], params: SamplingParams) -> Iterator[TextStep]:
        yield TextStep("token", 1, params.max_tokens, self.word, 7)
        yield TextStep("end", 1, params.max_tokens, "!", finish_reason="stop")

    def count(self, text: str) -> int:
        return len(text.split())

    def more_bytes(self, tokens: int, texts: int = 1) -> int:
        return 0


class Encoder:
    """Knows what a text is about by the topic it names."""

    width, longest, fingerprint = len(TOPICS), 256, "pretend"

    def __init__(self) -> None:
        self.read: list[str] = []

    def embed(self, texts: Sequence[str]) -> Iterator[tuple[tuple[int, ...], torch.Tensor]]:
        for index, text in enumerate(texts):
            self.read.append(text)
            row = torch.tensor([[float(topic in text.lower()) for topic in TOPICS]])
            yield (index,), row / row.norm().clamp(min=1)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Six chapters; none says “steeped” but that on tea."""
    chapters = [
        f"# Chapter on {topic}\n\n" + "\n".join(f"{topic} line {n} and more" for n in range(30))
        for topic in TOPICS
    ]
    chapters[0] += "\nIt is steeped for four minutes."
    path = tmp_path / "book.md"
    path.write_text("\n\n".join(chapters) + "\n")
    return path


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_CACHE", str(tmp_path / "cache"))


def ask(*paths: Path, talker: Talker, encoder: Encoder | None = None, **params: Any) -> Made:
    values = {"prompt": "What about whales?", "weights": "talker", "max_tokens": 50, **params}
    values = {"grounded": False, **values, "documents": [str(path) for path in paths]}
    values["encoder"] = "encoder" if encoder else None
    return run_task(
        reply, Reply.parse(values), models={"talker": talker, "encoder": encoder or object()}
    )


def test_a_short_document_goes_in_whole_and_stays_where_it_was_read(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("Whales sing.\nThey dive.\n")
    talker = Talker("Yes")
    made = ask(note, talker=talker, encoder=Encoder(), system="Be brief.")
    assert [m["role"] for m in talker.messages] == ["system", "user"]
    assert talker.messages[0]["content"] == (
        "Be brief.\n\nThe user attached these documents:\n\n[note.txt]\nWhales sing.\nThey dive."
    )
    assert talker.messages[1]["content"] == "What about whales?"
    assert made.result["sources"] == [
        {"document": "note.txt", "path": str(note), "whole": True, "of": 2}
    ]
    assert made.result["found_by"] == made.result["sources_note"] == ""
    assert made.artifacts[0].title == "What about whales?"


def test_of_a_long_one_the_passages_most_like_the_question_go_in(book: Path) -> None:
    talker = Talker("Yes")
    made = ask(book, talker=talker, encoder=Encoder())
    (source,) = made.result["sources"]
    assert made.result["found_by"] == "meaning"
    assert source["of"] == len(book.read_text().splitlines())
    told = talker.messages[-1]["content"]
    assert told.endswith("With these in mind:\n\nWhat about whales?")
    lines = book.read_text().splitlines()
    whales = range(lines.index("# Chapter on whales") + 1, lines.index("# Chapter on clocks") + 1)
    (first, last), *_ = source["lines"]
    assert first in whales
    assert f"[book.md, lines {first} to {last}]\n{lines[first - 1]}" in told
    assert "whales line 7" in told
    assert len(told.split()) < talker.context_length // 2 + 20


def test_of_the_likely_passages_the_one_with_the_likest_sentence_comes_first() -> None:
    many = [
        f"{topic} {'and so on ' * 25}." for topic in ("tea", "whales", "salt", "iron", "clocks")
    ]
    texts = ["Whales and tea.", " ".join(many), *["Salt."] * 30]
    found = [Passage("d", n, n, text) for n, text in enumerate(texts)]
    encoder, question = Encoder(), "What about whales?"
    words = [1.0, 2.0, *[0.0] * 30]
    [(_, asked)] = encoder.embed([question])
    meaning = [float(row @ asked[0]) for _, [row] in encoder.embed(texts)]
    before = ranking.together(words, meaning)
    assert before[0] == before[1]
    after = finished(ranking.second_look(encoder, found, question, (words, meaning)))
    assert max(after) == after[1] > after[0] > max(after[2:])


def test_stretches_are_merged_and_the_best_comes_first() -> None:
    parts = [Passage("a", first, first + 3, "") for first in (1, 3, 5, 20, 40, 44)]
    scores = [0.1, 0.2, 0.3, 0.9, 0.5, 0.4]
    ranked = list(zip(scores, parts, strict=True))
    assert stretches(parts, ranked) == [[20, 23], [40, 47], [1, 8]]
    assert stretches(parts[:1], ranked) == [[1, 4]]


def test_of_a_pdf_pages_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = ["\n".join(f"{topic} line {n} and more" for n in range(40)) for topic in TOPICS]

    def read_pages(file: Any, name: str, sandbox: Any, suffix: str, **_: Any) -> Any:
        yield
        return {"pages": pages, "unit": "page"}

    monkeypatch.setattr(pdf, "read_pages", read_pages)
    book = tmp_path / "book.pdf"
    book.write_bytes(b"%PDF-1.4")
    talker = Talker("Yes")
    made = ask(book, talker=talker, encoder=Encoder())
    (source,) = made.result["sources"]
    assert source["of_pages"] == 6
    assert all(3 in (first, last) for first, last in source["pages"])
    told = talker.messages[-1]["content"]
    assert "[book.pdf, page 3]\nwhales line" in told or "[book.pdf, pages 2 to 3]\n" in told
    turn = SimpleNamespace(extra=made.result)
    assert drawn_on(turn).startswith("From book.pdf (6 pages): page")
    assert made.progress[0].message == "Reading book.pdf"


def test_without_an_encoder_words_decide_and_that_is_said(book: Path) -> None:
    talker = Talker("Yes")
    made = ask(book, talker=talker, prompt="How long is it steeped?")
    assert made.result["found_by"] == "words"
    assert "No embedding model is installed" in made.result["sources_note"]
    assert "steeped for four minutes" in talker.messages[-1]["content"]


def test_an_encoder_that_fails_does_not_cost_the_reply(book: Path) -> None:
    class Broken(Encoder):
        def embed(self, texts: Sequence[str]) -> Any:
            raise StudioError(ErrorCode.BAD_WEIGHTS, "The encoder is broken.")

    made = ask(book, talker=Talker("Yes"), encoder=Broken())
    assert made.result["text"] == "Yes!"
    assert made.result["found_by"] == "words"
    assert made.result["sources_note"].endswith("The encoder is broken.")


def test_a_document_is_encoded_once_until_it_changes(book: Path, tmp_path: Path) -> None:
    first, again, changed = Encoder(), Encoder(), Encoder()
    made = ask(book, talker=Talker("Yes"), encoder=first)
    texts = {each.text for each in passages(read(str(book)))}
    assert texts <= set(first.read)
    assert ask(book, talker=Talker("Yes"), encoder=again).result == made.result
    assert not texts & set(again.read)  # of the likely ones sentences are, for each question
    book.write_text(book.read_text() + "One more line.\n")
    ask(book, talker=Talker("Yes"), encoder=changed)
    assert len(changed.read) == len(first.read)
    other = Encoder()
    other.fingerprint = "another"
    ask(book, talker=Talker("Yes"), encoder=other)
    assert len(other.read) == len(first.read)


def test_vectors_that_were_damaged_are_made_again(book: Path, tmp_path: Path) -> None:
    made = ask(book, talker=Talker("Yes"), encoder=Encoder())
    (kept,) = (tmp_path / "cache").rglob("*.f16")
    for damage in (b"", b"\xff" * kept.stat().st_size):  # cut short; no numbers
        kept.write_bytes(damage)
        encoder = Encoder()
        assert ask(book, talker=Talker("Yes"), encoder=encoder).result == made.result
        assert {each.text for each in passages(read(str(book)))} <= set(encoder.read)


def test_what_is_kept_is_bounded(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "CACHE_BYTES", 100)
    for _ in range(3):
        book.write_text(book.read_text() + "One more line.\n")
        ask(book, talker=Talker("Yes"), encoder=Encoder())
    assert len(list((tmp_path / "cache").rglob("*.f16"))) == 1


def test_a_document_that_is_gone_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_text("Whales sing.")
    made = ask(tmp_path / "gone.md", note, talker=Talker("Yes"))
    gone, here = made.result["sources"]
    assert gone["document"] == "gone.md"
    assert "gone.md cannot be read" in gone["error"]
    assert here["whole"] is True


def test_the_only_document_of_a_first_question_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        ask(tmp_path / "gone.md", talker=Talker("Yes"))


def test_plain_text_takes_no_documents(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="plain-text prompts"):
        ask(tmp_path / "note.txt", talker=Talker("Yes"), raw=True)


def test_two_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "note.txt").write_text(f"From {folder}.")
    made = ask(tmp_path / "a/note.txt", tmp_path / "b/note.txt", talker=Talker("Yes"))
    assert [s["document"] for s in made.result["sources"]] == ["note.txt", "note.txt (2)"]


# --- reading and cutting ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"a\0b", "not a text"),
        (b"\xff\xfe\x00", "not a text"),
        ("Größe".encode("latin-1"), "not encoded as UTF-8"),
        (b"a" * (documents.MAX_BYTES + 1), "larger than the limit of 2 MB"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=said):
        read(str(path))


def test_what_windows_calls_unicode_is_text(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes("Größe\r\n".encode("utf-16"))
    assert read(str(path)).text == "Größe\n"


def test_no_file_holds_up_the_runtime(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.txt")
    for path in (tmp_path / "pipe.txt", tmp_path, tmp_path / "a\0b"):
        with pytest.raises(BadInput, match="cannot be read"):
            read(str(path))


def test_passages_name_their_lines_and_hold_everything() -> None:
    lines = [f"word{n} " * (n % 40) for n in range(400)] + ["x" * 5_000, "", "the end"]
    document = Document("d", "\n".join(lines))
    found = passages(document)
    assert all(len(p.text) <= documents.PASSAGE_CHARACTERS + 40 for p in found)
    for passage in found:
        assert passage.text.split("\n")[0][:50] in lines[passage.first - 1]
        assert passage.text.split("\n")[-1][-50:] in lines[passage.last - 1]
    whole = "".join("".join(p.text.split()) for p in found)
    assert whole == "".join(document.text.split())


def test_a_heading_begins_a_passage() -> None:
    found = passages(Document("d", "before\n\n# One\ntext\n# Two\ntext"))
    assert [(p.first, p.last, p.text) for p in found] == [
        (1, 2, "before"),
        (3, 4, "# One\ntext"),
        (5, 6, "# Two\ntext"),
    ]


def test_neighbours_become_one_and_there_is_always_one() -> None:
    all_ = [Passage("d", n, n, f"text {n}") for n in range(1, 7)]
    scores = [0.0, 0.9, 0.8, 0.0, 0.7, 0.0]
    chosen = ranking.choose(all_, scores, room=20)
    assert [(p.first, p.last) for p in chosen] == [(2, 3), (5, 5)]
    assert len(ranking.choose(all_, scores, room=0)) == 1


def test_words_are_found_in_their_other_forms_and_under_their_heading() -> None:
    text = "# Birds\n\nAn owl hunted.\n\n2.1 Fish of the lake\n\nThey swim.\n"
    parts = passages(Document("d", text))
    assert [(each.heading, each.text.split()[-1]) for each in parts] == [
        ("# Birds", "swim."),
    ], "a short text is one passage, under the heading that it begins with"
    long = passages(Document("d", f"{text}{'They swim. ' * 200}"))
    assert long[-1].heading == "2.1 Fish of the lake"
    hunting, fish = ranking.by_words([parts[0], long[-1]], "Who hunts?")
    assert hunting > fish == 0
    assert ranking.by_words(long, "Which fishes are there?")[-1] > 0
    contents = passages(Document("d", "2.1 Fish . . . . . 7\n2.2 Owls 12\nText."))
    assert not contents[0].heading, "a table of contents has no headings"


def test_words_that_are_rare_weigh_more() -> None:
    texts = ["the cat and the dog", "the zebra", "the the the"]
    scores = ranking.by_words([Passage("d", 1, 1, t) for t in texts], "The zebra?")
    assert scores[1] == max(scores)
    assert scores[2] == 0, "what tells nothing counts for nothing"
    assert ranking.by_words([Passage("d", 1, 1, t) for t in texts], "§") == [0, 0, 0]


def test_names_of_files_are_safe_to_show() -> None:
    assert documents.shown_name("/a/b\n[x.md") == "b·[x.md"
    assert len(documents.shown_name("y" * 300)) == 80
