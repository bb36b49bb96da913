"""Markdown as blocks: the same at once or a character at a time, and never dangerous."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.desktop.prose.markdown_blocks import Block, MarkdownStream, Span, parse

SAMPLE = """# Title
Some **bold** and *it* `code` [link](https://a.b)
second line

- one
- [ ] two
  ```python
  def f(): pass
  ```
  - [x] nested
3. three
4. four

> quote
> - in quote

| a | b |
|---|:-:|
| 1 | **2** |

```py
import os

x = \"\"\"a
b\"\"\"
```
~~~
no language
~~~
---
The end
"""


def stream(text: str, sizes: list[int]) -> MarkdownStream:
    blocks, at, turn = MarkdownStream(), 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        blocks.append(text[at : at + size])
        at, turn = at + size, turn + 1
    blocks.finish()
    return blocks


@pytest.mark.parametrize("seed", range(20))
def test_a_stream_ends_as_the_whole_text_would(seed: int) -> None:
    numbers = random.Random(seed)
    sizes = [numbers.choice([1, 2, 3, 5, 8, 40, 400]) for _ in range(50)]
    assert stream(SAMPLE, sizes).blocks == parse(SAMPLE)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.sampled_from(
            [
                "word ",
                "**b** ",
                "\n",
                "\n\n",
                "- a\n",
                "1. b\n",
                "```\n",
                "```py\nx = 1\n",
                "> q\n",
                "# h\n",
                "| a |\n|---|\n| 1 |\n",
                "`c`",
                "  ",
                "~~~\n",
                "<b>",
                "&amp;",
                "\t",
                "é🙂",
            ]
        ),
        max_size=30,
    ),
    st.integers(1, 9),
)
def test_what_is_settled_never_changes(pieces: list[str], size: int) -> None:
    text = "".join(pieces)
    blocks = MarkdownStream()
    settled: list[Block] = []
    for at in range(0, len(text), size):
        blocks.append(text[at : at + size])
        assert blocks.blocks[: len(settled)] == settled
        settled = blocks.blocks[: blocks.settled]


def test_structure_becomes_depth() -> None:
    blocks = {b.spans[0].text: b for b in parse(SAMPLE) if b.spans}
    assert blocks["nested"].indent == 2
    assert blocks["nested"].marker == "☑"
    assert blocks["two"].marker == "☐"
    assert blocks["three"].marker == "3."
    assert (blocks["in quote"].quote, blocks["in quote"].indent) == (1, 1)
    assert blocks["Title"].level == 1


def test_code_in_a_list_keeps_its_language_and_depth() -> None:
    code = next(b for b in parse(SAMPLE) if b.kind == "code")
    assert (code.language, code.indent, code.text) == ("python", 1, "def f(): pass")


def test_a_table_has_rows_and_alignment() -> None:
    table = next(b for b in parse(SAMPLE) if b.kind == "table")
    assert [[cell[0].text for cell in row] for row in table.rows] == [["a", "b"], ["1", "2"]]
    assert table.aligns == ("", "center")
    assert table.rows[1][1][0].bold


def test_open_code_is_shown_while_it_is_written() -> None:
    blocks = MarkdownStream()
    blocks.append("```python\nx = 1\ny")
    assert blocks.blocks == [Block("code", text="x = 1\ny", language="python", closed=False)]
    blocks.append(" = 2\n``")
    assert blocks.blocks[0].text == "x = 1\ny = 2", "what may be the closing fence is not shown"
    blocks.append("`\nafter")
    assert blocks.blocks[0].closed
    assert blocks.blocks[1].spans == (Span("after"),)


@pytest.mark.parametrize(
    "text",
    [
        "[x](javascript:alert(1))",
        "[x](file:///etc/passwd)",
        "[x](data:text/html,boo)",
        "[x](JaVaScRiPt:alert(1))",
        "[x](//example.org/a)",
        "[x](mailto:a@example.org)",
        "[x](&#106;avascript:alert(1))",
        "![x](file:///etc/passwd)",
        "<javascript:alert(1)>",
    ],
)
def test_only_web_addresses_become_links(text: str) -> None:
    for block in parse(text):
        assert all(not span.href for span in block.spans)


def test_an_image_is_a_link_with_its_own_words() -> None:
    assert parse("![a cat](https://example.org/cat.png)")[0].spans == (
        Span("a cat", href="https://example.org/cat.png"),
    )


def test_html_is_text() -> None:
    text = "<script>alert(1)</script>\n\n<img src=x onerror=y> <b>bold</b>"
    shown = "".join(span.text for block in parse(text) for span in block.spans)
    assert shown == text.replace("\n\n", "")


def test_endless_nesting_is_drawn_at_a_bounded_depth() -> None:
    deepest = max(block.quote for block in parse("> " * 60 + "deep"))
    assert 1 < deepest <= 8


@pytest.mark.parametrize(
    "formula",
    [
        r"\( a^2 + b\,c_1 \)",
        r"\[ \sum_{i=1}^n x_i * y_i * z \]",
        r"$a_1 * b_1 * c$",
        r"$$\frac{1}{2}\\ x$$",
        "\\[\nx = \\alpha\\;y\n\\]",
    ],
)
def test_a_formula_keeps_its_backslashes_and_stars(formula: str) -> None:
    spans = [span for block in parse(f"So {formula} holds, *truly*.") for span in block.spans]
    text = " ".join(span.text.strip() for span in spans).replace("\u2028", "\n")
    assert text == f"So {formula} holds, truly ."
    assert [span.text for span in spans if span.italic] == ["truly"]
    assert [span.text.replace("\u2028", "\n") for span in spans if span.formula] == [formula]


def test_two_prices_are_no_formula() -> None:
    (block,) = parse("It costs $5 and *not* $10, or $5-$10*2*.")
    assert [span.text for span in block.spans if span.italic] == ["not", "2"]
    for text in ("$5 and $10", "pay $5 and get 10$ back", "US$5/CA$7", "5$ or 10$", "$HOME/$USER"):
        assert not [span for block in parse(text) for span in block.spans if span.formula]
    (block,) = parse(r"A bracket \[ and a star \* are themselves.")
    assert block.spans == (Span("A bracket [ and a star * are themselves."),)


@pytest.mark.parametrize(
    "formula",
    [
        "\\[\na\n= b\n- c\n\\]",
        "$$\n# x\n> y_1*2*\n$$",
        "\\begin{align}\na &= b \\\\\n  &= c\n\\end{align}",
    ],
)
def test_a_formula_on_lines_of_its_own_is_no_list_or_heading(formula: str) -> None:
    before, block, after = parse(f"so\n{formula}\n*thus*")
    assert [(s.text.replace("\u2028", "\n"), s.formula) for s in block.spans] == [
        (formula, "display")
    ]
    assert (before.spans, after.spans) == ((Span("so"),), (Span("thus", italic=True),))


def test_a_formula_within_a_list_item_or_a_quote_stays_there() -> None:
    _, block = parse("1. so\n\n   $$\n   x^2\n   $$")
    assert (block.kind, block.indent, block.spans[0].text) == ("formula", 1, "$$\u2028x^2\u2028$$")
    block = parse("> \\[\n> x^2\n> \\]")[-1]
    assert (block.kind, block.quote) == ("formula", 1)


def test_a_formula_that_is_still_written_is_text_in_which_nothing_is_styled() -> None:
    whole = r"\[ a_1 * b_1 * c + x_{i}^2"
    for text in (whole, f"So {whole}", whole.replace(r"\[", r"\("), whole.replace(r"\[", "$$")):
        (block,) = parse(text)
        assert block.spans == (Span(text),)


def test_subscripts_superscripts_marks_and_breaks() -> None:
    (block,) = parse("H<sub>2</sub>O, x<sup>*n*</sup>,<br>==marked== and a == b")
    assert block.spans == (
        Span("H"),
        Span("2", raised=-1),
        Span("O, x"),
        Span("n", italic=True, raised=1),
        Span(",\u2028"),
        Span("marked", marked=True),
        Span(" and a == b"),
    )


def test_footnotes_have_a_mark_and_a_line_below() -> None:
    text, one, two = parse("So it is.[^1]\n\n[^1]: See *there*.\n[^b]: Or\nhere.")
    assert text.spans == (Span("So it is."), Span("1", raised=1))
    assert (one.marker, one.indent, one.spans[1]) == ("1", 1, Span("there", italic=True))
    assert (two.marker, two.spans) == ("b", (Span("Or\u2028here."),))
