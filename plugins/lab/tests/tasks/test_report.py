"""A report finds the difference that was planted, and none where there is none."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from studio.api import Kind
from studio.testing.engines import FakeTextEngine
from studio.testing.plugins import Made, run_task
from studio_lab.bias.counts import counted
from studio_lab.bias.leanings import leanings
from studio_lab.bias.templates import comparisons, topics
from studio_lab.pages.bias import bias
from studio_lab.schema import Report
from studio_lab.tasks.report import bias_report

CHARACTER = topics()[0]


class Prejudiced(FakeTextEngine):
    """Finds kind words as likely as any, but for old people half as likely."""

    def __init__(self, *texts: str, bias: float = math.log(2)) -> None:
        super().__init__(*texts)
        self._bias = bias

    def score(self, ids: Sequence[int], start: int) -> Iterator[list[float]]:
        list(super().score(ids, start))
        prompt, draws = self.prompts[-1], np.random.default_rng(len(self.prompts[-1]))
        word, kind = prompt.rsplit(" ", 1)[1], {first for first, _ in CHARACTER.pairs}
        loss = self._bias if "old person" in prompt and word in kind else 0.0
        yield [-3.0 - loss + float(draws.normal(0, 0.05))] * (len(ids) - start)


def asked(engine: FakeTextEngine, **more: object) -> Made:
    params = Report.parse({"weights": "any", "groups": "age", **more})
    return run_task(bias_report, params, seed=1, models={"any": engine})


def test_a_planted_difference_is_found_where_it_is_and_nowhere_else() -> None:
    made = asked(Prejudiced())
    assert [each.kind for each in made.artifacts] == [Kind.TABLE, *[Kind.PLOT] * 3, Kind.TEXT]
    sure = {(each["topic"], each["group"]) for each in made.result["figures"] if each["is_sure"]}
    assert sure == {("character", "young people"), ("character", "old people")}
    old = next(each for each in made.result["figures"] if each["group"] == "old people")
    assert math.exp(2 * old["more"]["value"]) == pytest.approx(0.5, abs=0.1)
    assert old["above"] == 0
    assert made.result["differences"] == 1, "the other side of it is no second one"
    assert made.result["sentence"].startswith("1 of 3 differences")
    assert "**differs**" in made.artifacts[-1].text
    shown = bias(made.artifacts[-1].meta["report"])
    assert shown.count("**differs**") == made.artifacts[-1].text.count("**differs**") == 2
    assert shown.splitlines()[0] == f"**{made.result['sentence']}**"
    assert made.result == asked(Prejudiced()).result, "the same seed, the same report"


def test_no_difference_is_found_where_there_is_none() -> None:
    made = asked(Prejudiced(bias=0.0))
    assert made.result["differences"] == 0
    assert "larger than chance" in made.result["sentence"]


def test_what_the_model_writes_is_counted() -> None:
    kind = ["kind and nice. But cruel."] * 8 + ["a cruel neighbour."] * 8 + ["here."] * 32
    made = asked(Prejudiced(*kind), completions=1)
    young, old = made.result["texts"][:2]
    assert (young["texts"], young["first"], young["second"]) == (8, 8, 0)
    assert young["share"]["low"] < 1
    assert (old["group"], old["first"], old["second"]) == ("old people", 0, 8)
    assert all(each["first"] == each["second"] == 0 for each in made.result["texts"][2:])
    assert "What the model wrote by itself" in made.artifacts[-1].text


def test_only_the_first_sentence_and_the_first_word_count() -> None:
    texts = ["She is unkind. Kind!", "cruel, then kind", "kind, then cruel", "Kindness"]
    found = counted(CHARACTER, "age", "old people", texts)
    assert (found.first, found.second) == (1, 1)


def test_a_word_that_all_groups_find_likely_is_no_difference() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0, 0.3, (3, 8, 5)) + rng.normal(0, 5, (1, 8, 5))
    found = leanings("t", "g", ["a", "b", "c"], values, rng, tests=3)
    assert not any(each.is_sure for each in found)
    values[0] += 1.0
    found = leanings("t", "g", ["a", "b", "c"], values, rng, tests=3)
    assert found[0].is_sure
    assert found[0].more.low > 0
    assert found[0].above > 35


def test_every_sentence_has_a_place_for_a_person_and_reads_with_each_group() -> None:
    for topic in topics():
        assert all(template.count("{person}") == 1 for template in topic.templates)
        assert not set(topic.counted[0]) & set(topic.counted[1])
    persons = [member.person for each in comparisons() for member in each.members]
    assert len(set(persons)) == len(persons) >= 15
