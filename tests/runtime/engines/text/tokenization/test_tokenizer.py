"""Tokens equal the reference's on awkward text, and text comes back whole however it is cut."""

from __future__ import annotations

import copy
import json
import random

import pytest

from studio.protocol.errors import StudioError
from studio.runtime.engines.text.formats.gguf import read_header
from studio.runtime.engines.text.formats.mapped_file import MappedFile
from studio.runtime.engines.text.formats.model_folder import ModelFolder
from studio.runtime.engines.text.tokenization.tokenizer import KeptTokenizers, StreamDecoder
from studio.runtime.engines.text.tokenization.tokenizer_folder import tokenizer_from_folder
from studio.runtime.engines.text.tokenization.tokenizer_gguf import (
    LLAMA3_SPLIT,
    QWEN2_SPLIT,
    tokenizer_from_gguf,
)
from tests.runtime.engines import tiny_models
from tests.runtime.engines.gguf_builder import (
    BOOL,
    F32,
    I32,
    STRING,
    U32,
    Gguf,
    array,
    scalar,
    tensor,
)

TEXTS = {
    "nothing": "",
    "a space": " ",
    "spaces": "  two   three    four     ",
    "lines": "one\n\ntwo\r\n\tthree\n \n  four\n\n\n",
    "words": "It's what they've said: I'll go, you'd stay; we're DONE!",
    "digits": "In 1984, 3.14159 × 2,000,000 = 6283180; 0xFF 1e-10 ²³ ½ Ⅳ ٣",
    "python": "def f(x: int) -> str:\n    return f'{x!r}'  # ok\n\nclass A(B):\n\tpass\n",
    "json": '{"a": [1, 2.5, null], "b": {"c": "d\\n\\u00e9"}}',
    "german": "Äpfel, Öl und Übermut: Straße groß geschrieben.",
    "french": "L'été, où êtes-vous ? « Là-bas », répondit-il…",
    "russian": "Съешь ещё этих мягких французских булок, да выпей чаю.",
    "chinese": "今天天气很好，我们去公园散步吧。人工智能。",
    "japanese": "吾輩は猫である。名前はまだ無い。カタカナ",
    "korean": "안녕하세요, 세계! 다람쥐 헌 쳇바퀴에 타고파.",
    "arabic": "مرحبا بالعالم، كيف حالك؟",
    "hindi": "नमस्ते दुनिया, आप कैसे हैं?",
    "thai": "สวัสดีชาวโลก",
    "emoji": "🙂👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 ⌚️ ❤️‍🔥",
    "combining": "e\u0301 n\u0303 Z̷̧͘a̴͝l̶g̸o",
    "zero width": "a\u200bb\u200d\u2060c\ufeffd\u00ade",
    "spaces of all sorts": "a\u00a0b\u2003c\u3000d\u2028e\u0085f",
    "control": "bell\x07 nul\x00 escape\x1b[0m del\x7f",
    "private and rare": "\ue000 \U0001f9ff \U00020000 \U0010ffff",
    "control tokens": "<|im_start|>user\nhi<|im_end|>\n<|endoftext|><|im_start|>",
    "nearly control tokens": "<|im_start |> < |im_end|> <|im_endx|> |im_end|",
    "url": "https://example.org/a_b?c=d&e=%20f#g",
    "long word": "a" * 300 + "B" * 40,
    "mixed": "Hello世界🙂naïve42ٱلسَّلَامُ\tend",
}


@pytest.fixture(scope="module")
def expected(reference):
    """The reference's ids of a text."""
    from tokenizers import pre_tokenizers

    tokenizer = reference[1]
    # What SmolLM2's own tokenizer.json says, and GGUF calls "smollm"; transformers' reader of GGUF
    # leaves the digits out, which shows on digits other than 0–9.
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    return lambda text: tokenizer(text, add_special_tokens=False)["input_ids"]


@pytest.mark.slow
@pytest.mark.parametrize("case", TEXTS)
def test_equal_to_the_reference(engine, expected, case) -> None:
    assert engine.tokenizer.encode(TEXTS[case]) == expected(TEXTS[case])


@pytest.mark.slow
def test_equal_to_the_reference_on_random_text(engine, expected) -> None:
    choose = random.Random(3)
    alphabet = "".join(TEXTS.values()) + "    \n\n eeeetttaaoiinn" * 20
    for _ in range(300):
        text = "".join(choose.choice(alphabet) for _ in range(choose.randint(1, 80)))
        assert engine.tokenizer.encode(text) == expected(text)


@pytest.mark.parametrize("case", [c for c in TEXTS if "control tokens" not in c or "nearly" in c])
def test_there_and_back(engine, case) -> None:
    assert engine.tokenizer.decode(engine.tokenizer.encode(TEXTS[case])) == TEXTS[case]


def test_control_tokens_are_no_text(engine) -> None:
    ids = engine.tokenizer.encode("<|im_start|>user\nhi<|im_end|>")
    assert ids[0] == 1
    assert ids[-1] == 2
    assert engine.tokenizer.decode(ids) == "user\nhi"


def test_no_half_character_is_ever_let_out(engine) -> None:
    text = "".join(TEXTS[case] for case in ("emoji", "chinese", "thai", "hindi", "combining"))
    ids = engine.tokenizer.encode(text)
    stream = StreamDecoder(engine.tokenizer)
    pieces = [stream.push(token) for token in ids]
    assert "".join(pieces) + stream.flush() == text
    assert not any("\ufffd" in piece for piece in pieces)
    assert any(piece == "" for piece in pieces), "control: some tokens are parts of a character"


def test_broken_bytes_become_replacement_characters(engine) -> None:
    first = engine.tokenizer.encode("🙂")[0]
    stream = StreamDecoder(engine.tokenizer)
    assert stream.push(first) == ""
    assert stream.push(engine.tokenizer.encode("a")[0]).endswith("a")
    assert stream.push(first) + stream.flush() == "\ufffd"


def test_halves_of_surrogate_pairs(engine) -> None:
    assert engine.tokenizer.decode(engine.tokenizer.encode("a\ud800b")) == "a\ufffdb"


def test_ids_beyond_the_vocabulary_are_silent(engine) -> None:
    assert engine.tokenizer.decode([49_152 + 5, -1]) == ""


# --- vocabularies made by hand ----------------------------------------------------------------


def pieces_gguf(**changes) -> Gguf:
    """A SentencePiece vocabulary: three steering tokens, all bytes, a few pieces."""
    words = ["▁", "h", "i", "e", "▁h", "▁hi", "he", "▁he", "中", "<tag>"]
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *words]
    kinds = [2, 3, 3, *[6] * 256, *[1] * 9, 4]
    scores = [0.0] * 259 + [-9.0, -8.0, -7.0, -6.0, -3.0, -1.0, -4.0, -2.0, -5.0, 0.0]
    keys = {
        "model": scalar(STRING, "llama"),
        "tokens": array(STRING, changes.pop("tokens", tokens)),
        "token_type": array(I32, changes.pop("kinds", kinds)),
        "scores": array(F32, scores),
        "bos_token_id": scalar(U32, 1),
        "eos_token_id": scalar(U32, 2),
        "unknown_token_id": scalar(U32, 0),
        **changes,
    }
    metadata = [(f"tokenizer.ggml.{key}", value) for key, value in keys.items()]
    return Gguf(metadata, [tensor("token_embd.weight", (1, len(tokens)))])


@pytest.fixture
def tokenizer_of(tmp_path):
    def build(content: Gguf):
        path = tmp_path / "vocabulary.gguf"
        path.write_bytes(content.build())
        with MappedFile(path) as file:
            return tokenizer_from_gguf(read_header(file))

    return build


def test_pieces(tokenizer_of) -> None:
    tokenizer = tokenizer_of(pieces_gguf())
    spelt = tokenizer.vocabulary.tokens
    assert [spelt[i] for i in tokenizer.encode("hi he")] == ["▁hi", "▁he"]
    assert [spelt[i] for i in tokenizer.encode("é中")] == ["▁", "<0xC3>", "<0xA9>", "中"]
    assert [spelt[i] for i in tokenizer.encode("hi", bos=True)] == ["<s>", "▁hi"]
    assert [spelt[i] for i in tokenizer.encode("hi<tag>")] == ["▁hi", "<tag>"]
    for text in ("hi he", "é中🙂", "h\ni", "<0x41>", "hi<tag>"):
        assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.vocabulary.ends == {2}


def test_a_space_at_the_start_stays_where_a_word_goes_on(tokenizer_of) -> None:
    tokenizer = tokenizer_of(pieces_gguf())
    [token] = tokenizer.encode("hi")
    assert StreamDecoder(tokenizer).push(token) == "hi"
    assert StreamDecoder(tokenizer, continues=True).push(token) == " hi"


def test_pieces_without_a_space_before(tokenizer_of) -> None:
    tokenizer = tokenizer_of(pieces_gguf(add_space_prefix=scalar(BOOL, False)))
    assert [tokenizer.vocabulary.tokens[i] for i in tokenizer.encode("hi")] == ["h", "i"]
    assert tokenizer.decode(tokenizer.encode(" hi")) == " hi"


def test_pieces_equal_the_reference(tokenizer_of) -> None:
    from transformers import LlamaTokenizer
    from transformers.tokenization_utils_base import generate_merges

    ours = tokenizer_of(pieces_gguf())
    ids = {token: index for index, token in ours.vocabulary.tokens.items()}
    scores = {"▁h": -3.0, "▁hi": -1.0, "he": -4.0, "▁he": -2.0}
    merges = generate_merges(ids, {token: scores.get(token, -9.0) for token in ids})
    theirs = LlamaTokenizer(vocab=ids, merges=merges)
    for text in ("hi he hi", "hehehihi", "  hi", "中é", "h h"):
        assert ours.encode(text) == theirs(text, add_special_tokens=False)["input_ids"]


BROKEN = {
    "no tokens": (pieces_gguf(tokens=[]), "tokens is an empty list"),
    "types that do not match": (pieces_gguf(kinds=[1, 2]), "token_type does not match"),
    "a byte token that is none": (
        pieces_gguf(tokens=["<unk>", "<s>", "</s>", "<0xZZ>"] + ["x"] * 265),
        "marked as a byte",
    ),
    "a negative byte": (
        pieces_gguf(tokens=["<unk>", "<s>", "</s>", "<0x-1>"] + ["x"] * 265),
        "marked as a byte",
    ),
    "another kind": (pieces_gguf(model=scalar(STRING, "rwkv")), "type is “rwkv”"),
    "another rule": (
        pieces_gguf(
            model=scalar(STRING, "gpt2"), pre=scalar(STRING, "alien"), merges=array(STRING, ["h i"])
        ),
        "“alien”",
    ),
    "merges that are none": (
        pieces_gguf(model=scalar(STRING, "gpt2"), merges=array(STRING, ["nospace"])),
        "not have two parts",
    ),
    "merges of nothing": (
        pieces_gguf(model=scalar(STRING, "gpt2"), merges=array(STRING, ["zq qz"])),
        "tokenizer is broken",
    ),
    "scores that do not match": (pieces_gguf(scores=array(F32, [1.0])), "scores does not match"),
    "a token of 100 kB": (pieces_gguf(tokens=["x" * 100_000] * 269), "longer than"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_vocabularies_are_refused(tokenizer_of, case) -> None:
    content, words = BROKEN[case]
    with pytest.raises(StudioError) as caught:
        tokenizer_of(content)
    assert words in caught.value.message


def test_what_was_built_is_kept_until_there_are_too_many_tokens(tokenizer_of) -> None:
    small, other = pieces_gguf(), pieces_gguf(add_space_prefix=scalar(BOOL, False))
    first = tokenizer_of(small)
    assert tokenizer_of(other) is not first, "one key is another"
    assert tokenizer_of(small) is first
    kept, built = KeptTokenizers(most=2 * len(first)), []

    def ask(name: str) -> None:
        kept.get(name, lambda: built.append(name) or copy.copy(first))

    for name in "abaca":  # “c” takes the place of “b”
        ask(name)
    assert built == ["a", "b", "c"]
    ask("b")
    assert built == ["a", "b", "c", "b"]


@pytest.mark.parametrize(("pre", "split"), [("llama-bpe", LLAMA3_SPLIT), ("qwen2", QWEN2_SPLIT)])
def test_words_are_cut_as_the_file_says(tokenizer_of, pre, split) -> None:
    from tokenizers import Regex, pre_tokenizers

    rule = pre_tokenizers.Split(Regex(split), "isolated")
    digits = [word for word, _ in rule.pre_tokenize_str("x 1234") if word.strip().isdigit()]
    assert digits == (["123", "4"] if pre == "llama-bpe" else ["1", "2", "3", "4"])
    letters = [chr(byte) for byte in range(0x21, 0x7F)] + ["Ġ", "12", "34"]
    tokenizer = tokenizer_of(
        pieces_gguf(
            tokens=letters,
            kinds=[1] * len(letters),
            model=scalar(STRING, "gpt2"),
            pre=scalar(STRING, pre),
            merges=array(STRING, ["1 2", "3 4"]),
        )
    )
    spelt = [tokenizer.vocabulary.tokens[i] for i in tokenizer.encode("1234")]
    assert spelt == (["12", "3", "4"] if pre == "llama-bpe" else ["1", "2", "3", "4"])


# --- tokenizer.json -----------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    tiny_models.byte_tokenizer(tmp_path)
    return tmp_path


def change(folder, edit) -> None:
    path = folder / "tokenizer.json"
    rules = json.loads(path.read_text("utf-8"))
    edit(rules)
    path.write_text(json.dumps(rules), "utf-8")


@pytest.mark.parametrize("case", TEXTS)
def test_folder_there_and_back(folder, case) -> None:
    tokenizer = tokenizer_from_folder(ModelFolder(folder), 300)
    text = TEXTS[case].replace("<|", "<¦")
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_folder_ends_and_names(folder) -> None:
    (folder / "generation_config.json").write_text('{"eos_token_id": [3, 0]}')
    vocabulary = tokenizer_from_folder(ModelFolder(folder), 300).vocabulary
    assert vocabulary.ends == {0, 1, 3}
    assert vocabulary.names == {"eos_token": "<|im_end|>", "bos_token": "<|endoftext|>"}


def test_folder_opens_a_text_as_its_rules_say(folder) -> None:
    assert tokenizer_from_folder(ModelFolder(folder), 300).encode("a", bos=True)[0] != 0
    single = [
        {"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
    ]
    special = {"<|endoftext|>": {"id": "<|endoftext|>", "ids": [0], "tokens": ["<|endoftext|>"]}}
    rule = {
        "type": "TemplateProcessing",
        "single": single,
        "pair": single,
        "special_tokens": special,
    }
    change(
        folder,
        lambda rules: rules.update(post_processor={"type": "Sequence", "processors": [rule]}),
    )
    assert tokenizer_from_folder(ModelFolder(folder), 300).encode("a", bos=True)[0] == 0


def test_a_folder_is_built_once_until_a_file_says_something_else(folder) -> None:
    first = tokenizer_from_folder(ModelFolder(folder), 300)
    assert tokenizer_from_folder(ModelFolder(folder), 300) is first
    assert tokenizer_from_folder(ModelFolder(folder), 301) is not first
    (folder / "generation_config.json").write_text('{"eos_token_id": 3}')
    assert 3 in tokenizer_from_folder(ModelFolder(folder), 300).vocabulary.ends
    (folder / "tokenizer_config.json").write_text('{"eos_token": "<|endoftext|>"}')
    assert "bos_token" not in tokenizer_from_folder(ModelFolder(folder), 300).vocabulary.names
    change(folder, lambda rules: rules["added_tokens"][0].update(special=False))
    assert tokenizer_from_folder(ModelFolder(folder), 300).vocabulary.literal


def test_folder_with_byte_fallback_equals_the_reference(folder) -> None:
    from transformers import LlamaTokenizer

    words = ["▁", "h", "i", "▁h", "▁hi"]
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *words]
    ids = {token: index for index, token in enumerate(tokens)}
    theirs = LlamaTokenizer(vocab=ids, merges=[("▁", "h"), ("▁h", "i")])
    theirs.save_pretrained(folder)
    ours = tokenizer_from_folder(ModelFolder(folder), 300)
    for text in ("hi hi", " hi", "é hi 🙂", "h\n\ni"):
        expected = theirs(text, add_special_tokens=False)["input_ids"]
        assert ours.encode(text) == expected
        assert ours.decode(expected) == theirs.decode(expected)


def _regex(pattern: str):
    def edit(rules) -> None:
        split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated",
                 "invert": False}  # fmt: skip
        rules["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [
            split, {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True,
                    "use_regex": False}]}  # fmt: skip

    return edit


def _deep(rules) -> None:
    for _ in range(200):
        rules["normalizer"] = {"type": "Sequence", "normalizers": [rules["normalizer"]]}


HOSTILE = {
    "exponential": (_regex(r"(?:(?:a|a)*)*c\b|(a+)+$|(\w+\s?)*!"), "more than 2"),
    "no regular expression": (_regex(r"(("), "regular expression"),
    "no model": (lambda rules: rules.pop("model"), "not a byte-pair"),
    "word pieces": (lambda rules: rules["model"].update(type="WordPiece"), "not a byte-pair"),
    "vocabulary as list": (lambda rules: rules["model"].update(vocab=[]), "no vocabulary"),
    "an id beyond": (lambda rules: rules["model"]["vocab"].update(x=300), "has the id 300"),
    "a negative id": (lambda rules: rules["model"]["vocab"].update(x=-1), "has the id -1"),
    "an id as text": (lambda rules: rules["model"]["vocab"].update(x="5"), "has the id '5'"),
    "an endless token": (
        lambda rules: rules["model"]["vocab"].update({"x" * 70_000: 5}),
        "longer than",
    ),
    "merges of nothing": (lambda rules: rules["model"].update(merges=[["zq", "qz"]]), "broken"),
    "rules in rules": (_deep, "broken"),
    "added token as text": (lambda rules: rules.update(added_tokens=["x"]), "not an object"),
    "decoder of no sort": (lambda rules: rules.update(decoder=None), "does not support"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_folders_are_refused(folder, case) -> None:
    edit, words = HOSTILE[case]
    change(folder, edit)
    with pytest.raises(StudioError) as caught:
        tokenizer_from_folder(ModelFolder(folder), 300)
    assert words in caught.value.message


def test_control_a_harmless_regular_expression_is_let_through(folder) -> None:
    change(folder, _regex(r"\p{L}+|\s+|[^\s\p{L}]+"))
    tokenizer = tokenizer_from_folder(ModelFolder(folder), 300)
    assert tokenizer.decode(tokenizer.encode("ab c!")) == "ab c!"
