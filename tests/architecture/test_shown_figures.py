"""Each figure of quality that a person is shown has a command that measures it, in one list.

The list is ``packaging/figures.toml``. What no command measures is not shown.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks import BENCHES
from tests.architecture.source_tree import ROOT
from tests.architecture.user_texts import UserText, all_texts

LIST = "packaging/figures.toml"
_NOT_SHOWN = ("packaging/", "CHANGELOG.md", "plugins/AUTHORING.md", "plugins/REFERENCE.md")
_CODE = re.compile(r"\A[\d.,\s%−]*\Z|width[:=]|line-height:|\bgo \d")
"""Formats, style sheets and programs among the strings of a module."""
FIGURE = re.compile(
    r"""
    (?<![\w.{}−+]) \d[\d.,]* [ ]?% (?! [ds(] | [ ]?confidence)       # shares
    | \b\d[\d,]* [ ] (?:of|out[ ]of) [ ] (?:the[ ])? \d[\d,]* \b     # N of M
    | \b(?:one|two|three|four|five|six|seven|eight|nine) [ ] (?:in|of|out[ ]of) [ ]
      (?:two|three|four|five|six|seven|eight|nine|ten|twenty|fifty|a[ ]hundred) \b
    | \b(?:AUROC|AUC|R²|RMSE|MAE|WER|CER|FID|KID|FCD|F1|PSNR|IFEval|HumanEval) [ ] \W* \d[\d.,]*
    | \b\d[\d.,]* [ ]? (?:times|×) [ ] as \b                         # ratios
    | (?<![\w.<=>/-]) [01]\.\d{2,} \b (?! \. )                       # scores
    """,
    re.VERBOSE,
)


def test_each_figure_that_is_shown_is_in_the_list_and_no_other_is() -> None:
    shown = Counter((text.file, figure) for text in shown_texts() for figure in figures_in(text))
    listed = {(row["file"], each) for row in rows() for each in row["figures"]}
    assert sorted(shown.keys() - listed) == [], f"shown without a command: add it to {LIST}, or not"
    assert sorted(listed - shown.keys()) == [], f"in {LIST}, but no longer shown"


def test_each_command_of_the_list_is_one() -> None:
    benches = BENCHES.keys() | set(_ids("benches"))
    for row in rows():
        assert bool(row.get("command")) != bool(row.get("meaning")), row
        match shlex.split(row.get("command", "").replace("ARGS=", "")):
            case ["make", "bench", words]:
                assert words.split()[0] in benches, row
            case ["studio", "bench", name, *_]:
                assert name in benches, row
            case ["studio", "run", task, *_]:
                assert task in _ids("tasks"), row
            case ["PYTHONPATH=tests", "python", script, *_]:
                assert (ROOT / script).is_file(), row
            case words:
                assert not words, row


def test_figures_of_quality_are_recognised() -> None:
    for text in ("71.1 %", "15 of 20", "nine in ten", "R² −2.4", "3 times as likely", "0.998"):
        assert figures_in(UserText("", 0, f"It has {text}, they say.")), text
    for text in ("version 0.10.2", "95% confidence", "onnxruntime<1.28", "page {} of {}", "1.1 GB"):
        assert not figures_in(UserText("", 0, f"It has {text}, they say.")), text


def shown_texts() -> Iterator[UserText]:
    """Yield what a person reads in the window, the terminal, the cards and the README."""
    recommended = "resources/recommended.toml"
    for text in all_texts():
        is_code = text.file.endswith(".py") and _CODE.search(text.text)
        if not is_code and not text.file.startswith(_NOT_SHOWN) and "/bench/" not in text.file:
            yield text
    for row in tomllib.loads((ROOT / recommended).read_text("utf-8"))["model"]:
        yield from (UserText(recommended, 0, str(each)) for each in row.values())


def figures_in(text: UserText) -> list[str]:
    """Return the figures of quality in a text."""
    return [found[0].strip() for found in FIGURE.finditer(text.text)]


def rows() -> list[Mapping[str, Any]]:
    """Return the list: file, figures, and a command, or the meaning of one of no quality."""
    listed: list[Mapping[str, Any]] = tomllib.loads((ROOT / LIST).read_text("utf-8"))["shown"]
    return listed


def _ids(what: str) -> list[str]:
    manifests = (ROOT / "plugins").glob("*/studio_*/manifest.toml")
    read = [tomllib.loads(file.read_text("utf-8")) for file in manifests]
    return [entry["id"] for manifest in read for entry in manifest.get(what, ())]
