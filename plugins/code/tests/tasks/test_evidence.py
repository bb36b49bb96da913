"""What a request states, the input that versions are compared on, and how they agree."""

from __future__ import annotations

import ast

import pytest

from studio_code.evidence.agreement import agreement, supporters
from studio_code.evidence.disputes import is_easy
from studio_code.evidence.probes import MOST, Probe, probes_of
from studio_code.evidence.references import reference
from studio_code.evidence.rule_tests import rule_cases
from studio_code.evidence.rules import named_errors, rules, written_cases
from studio_code.evidence.testability import untestable
from studio_code.execution.inside.version_runner import spelled
from studio_code.generation.cases import Case
from studio_code.generation.examples import examples

REQUEST = (
    "Write scale(numbers, by): each number times by, rounded to one decimal. Do not change the "
    "list. An empty list gives []. by below 1 raises ValueError. scale([1, 2], 3) → [3, 6]"
)


def test_rules_are_listed_in_their_own_words_without_examples() -> None:
    assert rules(REQUEST) == [
        "each number times by, rounded to one decimal",
        "Do not change the list",
        "An empty list gives []",
        "by below 1 raises ValueError",
    ]
    assert rules("Write double(x): twice x. double(2) == 4") == []
    assert rules("is_ip(text): True for an address, no leading zeros") == ["no leading zeros"]
    assert named_errors(REQUEST) == {"ValueError"}


@pytest.mark.parametrize(
    ("rule", "call", "bodies"),
    [
        ("An empty list gives []", "f([1, 2], 3)", ["assert f([], 3) == []"]),
        ("The empty string gives the empty string", "f('ab')", ["assert f('') == ''"]),
        ("An empty list raises ValueError", "f([1])", ["raises(ValueError):\n        f([])"]),
        ("n below 1 raises ValueError", "f([1], 2)", ["raises(ValueError):\n        f([1], 0)"]),
        ("negative numbers raise ValueError", "f(3)", ["raises(ValueError):\n        f(-1)"]),
        ("Raise ValueError if n is out of range", "f(3)", ["f(0)", "f(4000)"]),
        ("ignore case", "f('Ab')", ["repr(f('AB')).lower() == repr(f('ab')).lower()"]),
        ("Do not change the list", "f([1, 2])", ["f(given)\n    assert given == [1, 2]"]),
        ("Do not use the csv module", "f('a')", ["assert 'csv' not in used"]),
        ("n from 1 to 9, otherwise ValueError", "f([1], 2)", ["f([1], 0)", "f([1], 4000)"]),
        ("never negative", "f(3)", ["assert f(3) >= 0", "assert f(-3) >= 0"]),
        ("rounded to two decimals", "f(3)", ["assert f(3) == round(f(3), 2)"]),
        ("no leading zeros", "f('1.2')", ["assert not f('01.2')"]),
        ("no spaces", "f('1.2')", ["assert not f('1. 2')"]),
        ("words of the same length in the order of the text", "f('a')", []),
    ],
)
def test_a_rule_of_a_usual_kind_says_its_test_itself(
    rule: str, call: str, bodies: list[str]
) -> None:
    request = f"f takes 1 to 3999. f('1.2') is True. {rule}"
    found = rule_cases(rule, request, [Probe("", call, stated=True)], ["f"], "solution")
    assert len(found) == len(bodies)
    for case, body in zip(found, bodies, strict=True):
        assert body in case.text
        assert case.trusted


def test_the_first_assertion_below_a_rule_is_its_test_unless_it_is_an_example() -> None:
    text = "# Ignore case.\nassert f('A') == 1\nassert f('a') == 1\n# other\nassert f('b') == 2\n"
    (case,) = written_cases(text, ["ignore case", "no spaces"], {"assert f('A') == 1"})
    assert (case.rule, case.trusted) == ("ignore case", False)
    assert "f('a') == 1" in case.text


@pytest.mark.parametrize(
    ("request_text", "body"),
    [
        ("For 10 return '1010'", "assert f(10) == '1010'"),
        ("f turns '7PM' into '19'. Nothing else.", "assert f('7PM') == '19'"),
        ("f(['a']) returns [['a']]: each sorted", "assert f(['a']) == [['a']]"),
        ("f(-1) raises ValueError", "with pytest.raises(ValueError):\n        f(-1)"),
        ("f(3).length() == 5.0; f(1) + f(2) == f(3)", "assert f(3).length() == 5.0"),
    ],
)
def test_examples_in_any_notation_are_tests(request_text: str, body: str) -> None:
    assert body in examples(request_text, ["f"]).cases[0].text


def test_probes_are_what_is_called_and_what_is_near_it() -> None:
    cases = [
        Case("test_example_1", "def test_example_1():\n    assert f('a1', [2, 3]) == 4", True),
        Case("test_2", "def test_2():\n    s = S(1)\n    s.push(2)\n    assert s.top() == 2"),
    ]
    found = probes_of(cases, ["f", "S"], "from 5 to 40")
    assert found == probes_of(cases, ["f", "S"], "from 5 to 40"), "the same each time"
    assert len(found) <= MOST
    assert found[0] == Probe("", "f('a1', [2, 3])", stated=True)
    assert Probe("s = S(1)\ns.push(2)", "s.top()") in found
    near = {each.expression for each in found if each.near}
    assert {"f('', [2, 3])", "f('a1', [])", "f('a01', [2, 3])", "f('a1', [3, 2])"} <= near
    below = "s = S(1)\ns.push(-1)"
    assert not any(probe.setup == below for probe in found), "nothing says that it can be"
    signed = probes_of(cases, ["f", "S"], "for whole numbers")
    assert any(probe.setup == below for probe in signed)


def test_tables_and_pairs_keep_their_form() -> None:
    cases = [Case("test_1", "def test_1():\n    assert f([[1, 2], [3, 4]], [(5, 6), (7, 8)]) == 1")]
    for probe in probes_of(cases, ["f"]):
        call = ast.parse(probe.expression, mode="eval").body
        assert isinstance(call, ast.Call)
        for rows in map(ast.literal_eval, call.args):
            assert {len(row) for row in rows} <= {2}, probe
            assert len(rows) < 2 or type(rows[0]) is type(rows[1])


def test_an_equation_is_no_test_of_an_error() -> None:
    assert not written_cases(
        "# bad raises ValueError\nassert f(1) == 2", ["bad raises ValueError"], ()
    )


def test_an_error_speaks_against_the_value_of_another_version_only_if_it_is_named() -> None:
    given = [["1", "!KeyError"], ["1", "!IndexError"], ["2", "!ValueError"], ["1", "!ValueError"]]
    assert supporters(given) == [[0, 1, 3], [0, 1, 3], [2], [0, 1, 3]]
    assert supporters(given, {"ValueError"}) == [[0, 1], [0, 1], [2], [0, 1, 3]]


def test_a_version_that_refuses_says_nothing_but_one_that_refuses_most_is_no_support() -> None:
    given = [["1", "2", "3"], ["1", "2", "!KeyError"], ["1", "!OSError", "!OSError"]]
    assert supporters(given) == [[0, 1], [1], [2]]
    assert supporters(given, {"KeyError"}) == [[0], [1], [2]]


def test_a_reference_makes_agreement_doubtful_where_it_gives_another_value() -> None:
    probes = [Probe("", f"f({n})") for n in range(20)]
    same = [str(n) for n in range(20)]
    expected = ["!ValueError", *same[1:]]
    agreed = agreement([same] * 4, probes, [1, 1, 2, 2], 0, (), expected, "math.gcd")
    assert (agreed.reference, agreed.wrong, agreed.holds) == ("math.gcd", "", True)
    other = agreement([same] * 4, probes, [1, 1, 2, 2], 0, (), ["9", *same[1:]], "math.gcd")
    assert (other.reference, other.holds) == ("", False)
    assert other.wrong == "f(0) gives 0, math.gcd gives 9"
    silent = agreement([same] * 4, probes, [1, 1, 2, 2], 0, (), ["!ValueError"] * 20, "math.gcd")
    assert (silent.reference, silent.holds) == ("", True), "it refuses all: it bears nothing out"


@pytest.mark.parametrize(
    ("test", "is_small"),
    [
        ("assert f(1) == [0]", True),
        ("assert f([], '') == 2", True),
        ("assert not f(-1)", True),
        ("assert f([5, 4, 3]) is True", False),
        ("assert f(12, '') == 3", False),
        ("s = S()\n    s.push(12)\n    assert s.top() == 12", True),
    ],
)
def test_what_the_smallest_input_gives_is_easy_to_know(test: str, is_small: bool) -> None:
    assert is_easy(Case("test_1", f"def test_1():\n    {test}")) == is_small


@pytest.mark.parametrize(
    ("request_text", "call", "value"),
    [
        ("the greatest common divisor of two numbers", "reference(12, 18)", 6),
        ("median(numbers)", "reference([3, 1, 2])", 2),
        ("leap_year(year)", "reference(1900)", False),
        ("how many days are in a month", "reference(2024, 2)", 29),
        ("binary search in a sorted list", "reference([1, 3, 5], 5)", 2),
        ("the k-th largest number", "reference([4, 9, 2], 2)", 4),
        ("transpose a table", "reference([[1, 2], [3, 4]])", [[1, 3], [2, 4]]),
        ("from_binary(text)", "reference('101')", 5),
    ],
)
def test_operations_of_the_standard_library_have_a_reference(
    request_text: str, call: str, value: object
) -> None:
    operation = reference(request_text)
    assert operation is not None
    scope: dict[str, object] = {}
    exec(operation.code, scope)
    assert eval(call, scope) == value


def test_no_reference_for_none_or_more_than_one_operation() -> None:
    assert reference("the length of a text") is None
    assert reference("the median and the factorial") is None
    operation = reference("binary search in a sorted list")
    assert operation is not None
    scope: dict[str, object] = {}
    exec(operation.code, scope)
    with pytest.raises(ValueError, match=r"^$"):
        eval("reference([3, 1, 2], 1)", scope)


def test_agreement_needs_several_wordings_enough_input_and_values_that_differ() -> None:
    probes = [Probe("", f"f({n})") for n in range(20)]
    same, other = [str(n) for n in range(20)], ["7"] * 20
    assert agreement([same] * 4, probes, [1, 1, 2, 2], 0).holds
    assert not agreement([same] * 4, probes, [1, 1, 1, 1], 0).holds, "asked for alike"
    assert not agreement([other] * 4, probes, [1, 1, 2, 2], 0).holds, "nothing is told apart"
    assert not agreement([same[:5]] * 4, probes[:5], [1, 1, 2, 2], 0).holds, "too little input"
    split = agreement([same, same, other, other], probes, [1, 2, 1, 2], 0)
    assert not split.holds
    assert split.differs == "f(0) gives 0 or 7"
    repaired = agreement([same] * 4, probes, [1, 1, 2, 0], 3)
    assert (repaired.agreeing, repaired.versions) == (3, 3), "what was repaired has no vote"


def test_a_break_on_empty_input_is_told() -> None:
    probes = [Probe("", "f('')"), *(Probe("", f"f('{n}')") for n in range(20))]
    given = ["!IndexError", *map(str, range(20))]
    found = agreement([given] * 4, probes, [1, 1, 2, 2], 0)
    assert found.crash == "f('') ends in IndexError"
    assert not found.holds
    assert agreement([given] * 4, probes, [1, 1, 2, 2], 0, {"IndexError"}).holds


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (2.0, "2"), (0.1 + 0.2, "0.3"), ({"b": 1, "a": 2}, "{'a': 2, 'b': 1}"), ({2, 1}, "{1, 2}"),
        ((1, [True]), "(1, [True])"), (iter("ab"), "['a', 'b']"), (float("inf"), "inf"),
    ],
)  # fmt: skip
def test_equal_values_are_told_alike(value: object, told: str) -> None:
    assert spelled(value) == told


def test_what_no_test_can_show() -> None:
    assert "every input" in untestable("halts(p): does a program halt?", "")
    assert "network" in untestable("", "from urllib.request import urlopen\n")
    assert "chance" in untestable("", "from random import choice\n")
    assert "clock" in untestable("", "import datetime\nx = datetime.datetime.now()\n")
    assert "keyboard" in untestable("", "x = input()\n")
    assert untestable("add two numbers", "from datetime import date\nd = date(2024, 1, 1)\n") == ""
