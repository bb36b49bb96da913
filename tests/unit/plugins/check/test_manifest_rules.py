"""What is wrong with a manifest is said with its rule, its line and a cure, all at once."""

from __future__ import annotations

import pytest

from studio.plugins.check.manifest_rules import manifest_findings
from studio.plugins.check.toml_lines import line_of

GOOD = """\
id = "toy"
title = "Toy"
version = "1.0.0"
api = ">=1,<2"
icon = "puzzle"
worker = "studio_toy.worker"

[[tasks]]
id = "toy.make"
title = "Make"
params = "studio_toy.schema:Make"
produces = ["text"]

[[tasks]]
id = "toy.mend"
title = "Mend"
params = "studio_toy.schema:Mend"

[permissions]
network = false
"""


def test_a_good_manifest_has_no_findings() -> None:
    assert list(manifest_findings(GOOD)) == []


@pytest.mark.parametrize(
    ("old", "new", "rule", "line", "cure"),
    [
        ('title = "Toy"', 'titel = "Toy"', "unknown-key", 2, "Did you mean “title”?"),
        ('title = "Toy"', "", "missing-key", 0, "Add it"),
        ('title = "Mend"', 'titles = "Mend"', "unknown-key", 16, "Did you mean “title”?"),
        ('version = "1.0.0"', "version = 1.0", "wrong-type", 3, "Correct it."),
        ('"1.0.0"', '"not a version"', "version", 3, "Like 1.0.0."),
        ('">=1,<2"', '">=7"', "api", 4, "Write"),
        ('">=1,<2"', '"soon"', "manifest", 4, ""),
        ('"puzzle"', '"puzle"', "unknown-icon", 5, "Did you mean “puzzle”?"),
        ('["text"]', '["texts"]', "unknown-kind", 12, "Did you mean “text”?"),
        ('["text"]', '["video-of-mine"]', "unknown-kind", 12, "[[kinds]]"),
        ('"toy.mend"', '"other.mend"', "manifest", 15, ""),
        ("network = false", "newtork = false", "unknown-key", 20, "Did you mean “network”?"),
        ("network = false", "network = true", "no-reason", 20, "[permissions.reasons]"),
        ('id = "toy"', 'id = "toy', "toml", 1, "Correct it."),
        ('icon = "puzzle"', 'plugin = "studio_toy.plugin"', "isolation", 0, 'isolation = "studio"'),
    ],
)
def test_each_fault_has_a_rule_a_line_and_a_cure(
    old: str, new: str, rule: str, line: int, cure: str
) -> None:
    assert GOOD.count(old) == 1
    (found,) = manifest_findings(GOOD.replace(old, new))
    assert (found.rule, found.line) == (rule, line), found
    assert cure in found.cure
    assert found.message.endswith(".")
    assert found.file == "manifest.toml"


def test_all_faults_are_told_at_once() -> None:
    text = GOOD.replace('title = "Toy"', 'titel = "Toy"').replace('"Make"', "7")
    rules = [each.rule for each in manifest_findings(text)]
    assert rules == ["unknown-key", "wrong-type"]


def test_kinds_of_the_plugin_and_of_others_are_known() -> None:
    text = GOOD.replace('["text"]', '["mesh", "film"]')
    own = text + '\n[[kinds]]\nid = "mesh"\ntitle = "Meshes"\nicon = "box"\n'
    assert [each.rule for each in manifest_findings(own)] == ["unknown-kind"]
    assert list(manifest_findings(own, known_kinds=["film"])) == []


def test_values_in_tables_within_a_line_are_found() -> None:
    text = 'id = "a"\ntasks = [\n  { id = "a.b", title = "B" },\n  { id = "a.c", title = 1 },\n]\n'
    assert line_of(text, ("tasks", 1, "title")) == 4
    assert line_of(text, ("tasks", 0, "id")) == 3
    assert line_of(text, ("id",)) == 1
