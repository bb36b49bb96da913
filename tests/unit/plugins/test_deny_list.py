"""What the user refuses stays out: at install, when enabled, at each start; and the way back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.base.paths import StudioPaths
from studio.plugins import deny_list
from studio.plugins.deny_list import Denied, DenyList, Identity
from studio.plugins.install import minisign
from studio.protocol.errors import StudioError
from tests.unit.plugins.install.wheels import plugin

Command = Callable[..., tuple[int, str, str]]
DIGEST = "5e" * 32
SEED = bytes(range(32))
LIST = """\
format = 1
title = "Known to be bad"

[[deny]]
name = "counter"
versions = "<1.5"
reason = "It sends files to others"
"""


@pytest.fixture
def key() -> minisign.SecretKey:
    from nacl.signing import SigningKey

    public = bytes(SigningKey(SEED).verify_key)
    return minisign.SecretKey(b"somebody", SEED, minisign._encoded(b"Ed" + b"somebody" + public))


def one(name: str = "dice", version: str = "1.2", **more: object) -> Identity:
    return Identity((name, f"studio-plugin-{name}"), version, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("what", "fits", "not_fits"),
    [
        ("dice", one(), one("poem")),
        ("studio_plugin.dice", one(), one("poem")),
        ("dice<1.3", one(), one(version="1.3")),
        (DIGEST, one(digests=("00", DIGEST)), one()),
        ("publisher:mallory", one(publisher="Mallory <m@x>"), one(publisher="Alice")),
    ],
)
def test_an_entry_fits_what_it_names(what: str, fits: Identity, not_fits: Identity) -> None:
    denied = deny_list.entry(what)
    assert (denied.fits(fits), denied.fits(not_fits)) == (True, False)
    assert deny_list.entry(denied.what).fits(fits), "what is listed can be typed again"


def test_a_key_fits_what_it_has_signed(key: minisign.SecretKey) -> None:
    denied = deny_list.entry(key.public)
    assert denied.fits(one(key=key.public))
    assert not denied.fits(one())


@pytest.mark.parametrize(
    "bad", [{}, {"name": "a", "sha256": DIGEST}, {"sha256": "5e"}, {"key": DIGEST, "versions": "1"}]
)
def test_an_entry_that_means_nothing_is_refused(bad: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"entry|sha256|key"):
        Denied(**bad)


def test_a_damaged_list_refuses_all_and_says_so(tmp_path: Path) -> None:
    kept = DenyList(tmp_path / "denied.json")
    kept.add([Denied(name="dice")])
    assert kept.against(one("poem")) == "", "the control"
    (tmp_path / "denied.json").write_text("[{")
    assert "cannot be read" in kept.against(one("poem"))
    with pytest.raises(StudioError, match="cannot be read"):
        kept.add([Denied(name="poem")])


def test_a_list_has_to_be_signed_by_the_key_that_is_given(
    tmp_path: Path, key: minisign.SecretKey
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(LIST)
    signature = tmp_path / "bad.toml.minisig"
    with pytest.raises(StudioError, match="is not used"):
        deny_list.read_list(path, key.public)
    signature.write_text(minisign.sign(key, path.read_bytes()))
    title, (entry,) = deny_list.read_list(path, key.public)
    assert (title, entry.source, entry.what) == ("Known to be bad",) * 2 + ("counter<1.5",)
    path.write_text(LIST.replace("<1.5", "<1.0"))
    with pytest.raises(StudioError, match="does not match"):
        deny_list.read_list(path, key.public)


def test_what_is_denied_is_off_and_cannot_be_installed_until_it_is_allowed(
    tmp_path: Path, command: Command
) -> None:
    old, new = (str(plugin(version=each).write(tmp_path / "wheels")) for each in ("1.0", "1.5"))
    (tmp_path / "bad.toml").write_text(LIST)
    assert command("plugins", "install", old, "--yes")[0] == 0
    code, out, hints = command("plugins", "deny", "--list", str(tmp_path / "bad.toml"))
    assert (code, "“Known to be bad” is used" in out) == (0, True)
    assert "Counter 1.0 will not be loaded" in hints

    def row() -> tuple[str, str]:
        found = json.loads(command("plugins", "list", "--json")[1])["plugins"]
        return next((each["state"], each["reason"]) for each in found if each["id"] == "counter")

    state, reason = row()
    assert state == "denied"
    assert reason.startswith("The list “Known to be bad” denies it: It sends files to others. To")
    for words in (("install", old, "--yes"), ("on", "counter")):
        code, _, told = command("plugins", *words)
        assert (code != 0, "It sends files to others" in told) == (True, True), told
    assert not json.loads((StudioPaths.default().plugins / "sets/000001.json").read_text())[
        "plugins"
    ]["counter"].get("enabled")
    code, out, _ = command("plugins", "install", new, "--yes")
    assert code == 0, "the control: another version is not on the list"
    assert row()[0] == "disabled"
    assert command("plugins", "allow", "Known to be bad")[0] == 0
    assert "Nothing is denied." in command("plugins", "deny")[1]
    assert not (StudioPaths.default().journals / "denied.json").exists()
    assert command("plugins", "install", old, "--yes")[0] == 0
