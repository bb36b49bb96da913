"""Named keys, and web pages that the user allows: each beside what is refused."""

from __future__ import annotations

import stat
from collections.abc import Iterator

import pytest

from studio.api import BadInput
from studio.protocol.errors import ErrorCode, StudioError
from studio.serving import Keys
from tests.unit.serving.conftest import Served

pytestmark = pytest.mark.loopback
PAGE = "http://localhost:3000"


@pytest.fixture
def keys(served: Served) -> Iterator[Keys]:
    """Those of the server's home, as another process has them."""
    made = Keys(served.studio.paths.home)
    yield made
    for each in made.rows():
        made.revoke(each.name)


def shows(key: str) -> str:
    return f"Authorization: Bearer {key}"


def test_a_named_key_works_until_it_is_revoked_and_the_others_go_on(served, keys) -> None:
    first, second = keys.create("Editor"), keys.create("Agent")
    assert [served.status(served.host, shows(key)) for key in (first, second)] == [200, 200]
    keys.revoke("editor")
    assert [served.status(served.host, shows(key)) for key in (first, second)] == [401, 200]
    assert served.status(served.host, served.token) == 200
    assert served.status(served.host, shows("")) == 401


def test_the_file_has_no_key_and_is_the_users_own(served, keys) -> None:
    key = keys.create("Editor")
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    assert key not in keys.path.read_text()
    assert served.status(served.host, shows(key)) == 200
    keys.path.chmod(0o644)
    stranger = Keys(served.studio.paths.home)
    assert stranger.rows() == [], "others could have written it"
    keys.path.chmod(0o600)


def test_names_are_told_apart(keys) -> None:
    keys.create("Editor")
    for name in ("", "  ", "x" * 61, "editor", "a\nb\x00"):
        with pytest.raises(BadInput):
            keys.create(name)
    with pytest.raises(StudioError, match="no key named “Agent”") as caught:
        keys.revoke("Agent")
    assert caught.value.code is ErrorCode.NOT_FOUND


@pytest.fixture
def allowed(served: Served) -> Iterator[Served]:
    served.studio.settings["server.origins"] = f"{PAGE}/, null evil *"
    yield served
    served.studio.settings.clear()


def preflight(served: Served, origin: str) -> bytes:
    asked = ["OPTIONS /v1/chat/completions HTTP/1.1", served.host, f"Origin: {origin}"]
    asked += ["Access-Control-Request-Method: POST", "Connection: close", "", ""]
    return served.raw("\r\n".join(asked).encode())


def test_only_pages_that_the_user_allows_may_ask(allowed: Served) -> None:
    answer = preflight(allowed, PAGE).lower()
    assert b" 204 " in answer
    assert f"access-control-allow-origin: {PAGE}".encode() in answer
    assert b"authorization" in answer
    page = (f"Origin: {PAGE}", "Sec-Fetch-Site: same-site")
    assert allowed.status(allowed.host, *page, allowed.token) == 200
    assert allowed.status(allowed.host, *page) == 401, "a page needs a key like any other"
    for other in ("http://localhost:3001", "https://localhost:3000", "null", "evil", "*"):
        assert b" 403 " in preflight(allowed, other)
        assert allowed.status(allowed.host, f"Origin: {other}", allowed.token) == 403
    assert allowed.status(allowed.host, "Sec-Fetch-Site: cross-site", allowed.token) == 403


def test_no_page_may_ask_where_none_is_allowed(served: Served) -> None:
    assert b" 403 " in preflight(served, PAGE)
    assert served.status(served.host, f"Origin: {PAGE}", served.token) == 403
