"""The words that models are asked with. Small models need few, plain ones, and a begun answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from studio.api import ChatMessage, TextEngine
from studio_code.languages import Language
from studio_code.source import Source

FENCE: Final = "```"
STOP: Final = f"\n{FENCE}"
"""Ends an answer that began with an open fence."""


MOST_FILES: Final = 6000
"""Tokens of other files that are read at most: a processor reads a few hundred a second."""


def user(text: str) -> ChatMessage:
    """Return a turn of the person."""
    return {"role": "user", "content": text}


def assistant(text: str) -> ChatMessage:
    """Return a turn of the model; as the last one it is the beginning of its answer."""
    return {"role": "assistant", "content": text}


def write(
    describe: str, language: Language, files: Sequence[Source], tests: str, path: str = ""
) -> list[ChatMessage]:
    """Ask for code; what must be callable from outside is said of languages that hide it."""
    stem = path.rpartition("/")[2].partition(".")[0]
    hidden = {
        "java": f"Call its class {stem}, and make what can be called static.",
        "javascript": "Export every function (ES modules).",
        "typescript": "Export every function (ES modules).",
    }.get(language.id, "")
    parts = [
        (
            f"Write {language.title} code that solves the following task. It must be complete and "
            "stand by itself, with every import it needs. Answer with one Markdown code block."
        ),
        *([hidden] if hidden else []),
        *([project(files)] if files else []),
        f"Task:\n{quoted(describe)}",
        *([f"It must pass these tests:\n{quoted(tests, language.fences[0])}"] if tests else []),
    ]
    fence = f"{FENCE}{language.fences[0]}\n"
    begun = f"Here is complete {language.title} code that solves the task:\n{fence}"
    return [user("\n\n".join(parts)), assistant(begun)]


def repair(
    messages: Sequence[ChatMessage], code: str, language: Language, trouble: str
) -> list[ChatMessage]:
    """Ask again, with what went wrong."""
    fence = f"{FENCE}{language.fences[0]}\n"
    begun = messages[-1]["content"]
    words = (
        f"That is not right yet. Running it gave:\n{quoted(trouble)}\n\n"
        "Find the mistake and answer with the whole corrected code in one Markdown code block."
    )
    return [
        *messages[:-1],
        assistant(f"{begun}{code.rstrip()}\n{FENCE}"),
        user(words),
        assistant(f"Here is the corrected code:\n{fence}"),
    ]


def plainly(describe: str, language: Language) -> list[ChatMessage]:
    """Ask for the same code in other words and in the plainest way: what errs, errs differently."""
    prompt = (
        f"Task:\n{quoted(describe)}\n\nSolve it in {language.title} without any cleverness: plain "
        "loops and comparisons, brute force where that is simple. Being right matters, also for "
        "empty input, zero and every special case that the task names; speed does not. No "
        "comments, no main program, no examples of use. Answer with one Markdown code block."
    )
    return [user(prompt), assistant(f"{FENCE}{language.fences[0]}\n")]


def often_missed(example: str) -> str:
    """Return what is said of an example that other versions got wrong."""
    return f"Most solutions get this wrong, so take care that it holds: {example}"


def tests(
    describe: str, signatures: str, module: str, names: Sequence[str], rules: Sequence[str]
) -> list[ChatMessage]:
    """Ask for tests by the description: the code itself is not shown, so it is not copied.

    Each is an assertion. Each of ``rules`` gets one of its own below it, before the others.
    """
    head = f"{FENCE}python\nfrom {module} import {', '.join(names)}\n\n"
    begun = f"{head}# {rules[0]}\nassert" if rules else f"{head}assert"
    listed = "\n".join(f"# {rule}" for rule in rules)
    first = (
        "Begin with one assertion for each rule of the task, below the rule as a comment: the "
        f"simplest call whose value this rule decides. The rules:\n{listed}\n\nThen t"
        if rules
        else "T"
    )
    words = (
        "Write short tests for code that solves the following task. Do not write the code itself: "
        f"it is in the module {module}.\n\nTask:\n{quoted(describe)}\n\n"
        f"What can be called:\n{quoted(signatures, 'python')}\n\n"
        "Each test is one line: assert, a call with simple input, and the value that the task says "
        f"it must have. {first}ake ordinary cases and edge cases, at most eight, all different. "
        "Work each value out with care."
    )
    return [user(words), assistant(begun)]


def tests_of_file(source: Source, module: str, names: Sequence[str]) -> list[ChatMessage]:
    """Ask for tests of code that is there."""
    begun = f"{FENCE}python\nfrom {module} import {', '.join(names)}\n\n\ndef test_"
    words = (
        f"Write short pytest tests for the module {module}:\n\n{fenced(source)}\n\n"
        "Each test is one function with one assert: a call with simple input, and the value that "
        "it must have. Test every function, with ordinary cases and edge cases, at most twelve, "
        "all different. Work each value out with care. Do not repeat the module."
    )
    return [user(words), assistant(begun)]


def tests_in(source: Source, words: str, head: str, begun: str) -> list[ChatMessage]:
    """Ask for tests in the language of a file.

    Args:
        words: What one test is; ``head``: what stands before them; ``begun``: how the first begins.
    """
    language = source.language
    prompt = (
        f"Write short tests for this {language.title} file:\n\n{fenced(source)}\n\n"
        f"Each test is {words}: simple input, and the value that it must have. Test every "
        "function, with ordinary cases and edge cases, at most eight, all different. Work each "
        "value out with care. Do not repeat the file, and write no main program."
    )
    return [user(prompt), assistant(f"{FENCE}{language.fences[0]}\n{head}\n{begun}")]


def tests_by_words(
    describe: str, language: Language, shown: str, words: str, start: str
) -> list[ChatMessage]:
    """Ask for tests by the description alone, in any language.

    Args:
        shown: What can be called; ``words``: what one test is; ``start``: how the answer begins.
    """
    prompt = (
        f"Write short {language.title} tests for code that solves the following task. Do not write "
        f"the code itself.\n\nTask:\n{quoted(describe)}\n\n"
        f"What can be called:\n{quoted(shown, language.fences[0])}\n\n"
        f"Each test is {words}: simple input, and the value that the task says it must have. Take "
        "ordinary cases and edge cases, at most eight, all different. Write no main program."
    )
    return [user(prompt), assistant(f"{FENCE}{language.fences[0]}\n{start}")]


def comment(source: Source, code: str, name: str, begun: str) -> list[ChatMessage]:
    """Ask for the comment above a definition in another language than Python."""
    words = (
        f"Write a short comment for `{name}` in this {source.language.title} code:\n\n"
        f"{quoted(code, source.language.fences[0])}\n\n"
        "One sentence that says what it does. Answer with the comment alone, as it stands above "
        "the definition."
    )
    return [user(words), assistant(f"{FENCE}{source.language.fences[0]}\n{begun}")]


def fix(source: Source, error: str, files: Sequence[Source], tests: str) -> list[ChatMessage]:
    """Ask for a file without its fault."""
    language = source.language
    parts = [
        *([project(files)] if files else []),
        f"This is the file {source.path}:\n\n{fenced(source)}",
        f"It has a mistake. This was printed:\n{quoted(error)}",
        *([f"These tests must pass:\n{quoted(tests, language.fences[0])}"] if tests else []),
        (
            "Correct the mistake and change nothing else. Answer with the whole corrected file in "
            "one Markdown code block."
        ),
    ]
    begun = f"Here is the whole corrected file:\n{FENCE}{language.fences[0]}\n"
    return [user("\n\n".join(parts)), assistant(begun)]


def explain(source: Source, selection: str) -> list[ChatMessage]:
    """Ask what code does."""
    part = f"\n\nExplain this part of it:\n{quoted(selection)}" if selection else ""
    words = (
        f"This is the file {source.path}:\n\n{fenced(source)}{part}\n\n"
        "Explain what it does, for a colleague who has not seen it: first its purpose in one "
        "sentence, then how it works step by step, then what to be careful with. Be short and "
        "exact."
    )
    return [user(words)]


def docstring(code: str, name: str, header: str, indent: str) -> list[ChatMessage]:
    """Ask for the docstring of one definition."""
    words = (
        f"Write a docstring for `{name}` in this Python code:\n\n{quoted(code, 'python')}\n\n"
        "One sentence that says what it does. If it takes arguments or returns a value "
        "that need explanation, add them in a few lines. Answer with the first lines of the "
        "definition, docstring included."
    )
    return [user(words), assistant(f'{FENCE}python\n{header}\n{indent}"""')]


def chat(files: Sequence[Source], open_path: str, selection: str) -> str:
    """Return the system prompt of a conversation about files."""
    parts = [
        (
            "You are a careful programmer who helps with the files below. Answer shortly and "
            "exactly. When you are asked to change a file, write its path on a line by itself, and "
            "below it the whole changed file in one Markdown code block. Do not leave parts out. "
            "When you are only asked a question, answer it and do not repeat files."
        ),
    ]
    if files:
        parts.append(project(files))
    if open_path:
        parts.append(f"The file in front is {open_path}.")
    if selection.strip():
        parts.append(f"This is selected in it:\n{quoted(selection)}")
    return "\n\n".join(parts)


def project(files: Sequence[Source]) -> str:
    """Return files with their paths."""
    return "Files:\n\n" + "\n\n".join(f"{file.path}\n{fenced(file)}" for file in files)


def fenced(source: Source) -> str:
    """Return a file in a fence."""
    return quoted(source.text, source.language.fences[0])


def quoted(text: str, word: str = "") -> str:
    """Return ``text`` in a fence that its own text cannot close."""
    fence = FENCE
    while fence in text:
        fence += "`"
    return f"{fence}{word}\n{text.strip(chr(10)).rstrip()}\n{fence}"


def fitting(engine: TextEngine, files: Sequence[Source], share: float = 0.5) -> list[Source]:
    """Return the leading files that fit into ``share`` of the context."""
    room = min(int(engine.context_length * share), MOST_FILES)
    result = []
    for file in files:
        # Counting is not free: four characters a token is more than code ever has by far.
        cost = engine.count(file.text) if len(file.text) < 8 * room else room + 1
        if cost <= room:
            room -= cost + 16
            result.append(file)
    return result
