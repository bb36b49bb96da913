"""``studio serve``: where it listens, and that a port is pinned only once it could be had."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.cli.terminal.exit_code import ExitCode
from studio.serving import LocalServer
from tests.unit.cli.conftest import one_object
from tests.unit.serving.conftest import start

pytestmark = pytest.mark.loopback
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def serve(command: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Serve until nothing is asked, which is at once: as Ctrl+C would end it."""

    def stop(server: Any) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(LocalServer, "is_running", property(stop))
    return lambda *words: command("serve", *words)


def test_it_says_where_it_is_and_no_token(serve: Command, home: Path) -> None:
    code, out, _ = serve("--json")
    told = one_object(out)
    assert code == ExitCode.OK
    assert told["address"].startswith("http://127.0.0.1:")
    assert Path(told["token_file"]).parent == home
    kept = Path(told["token_file"]).read_text()
    assert kept not in out
    serve()
    assert Path(told["token_file"]).read_text() == kept, "clients need no edit after a restart"
    serve("--new-key")
    assert Path(told["token_file"]).read_text() != kept


def test_a_second_server_of_a_home_says_where_the_first_is(command: Command, home: Path) -> None:
    """The first, such as the window's, keeps its key."""
    first = start(home)
    try:
        key = first.server.token.text
        code, _, err = command("serve")
        assert code != ExitCode.OK
        assert first.server.address in err
        assert first.server.token.path.read_text() == key
        assert first.status(first.host, first.token) == 200
    finally:
        first.close()


def test_a_pinned_port_is_that_of_the_next_start(serve: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = serve("--port", str(port), "--pin")
        assert code != ExitCode.OK
        assert str(port) in err
        assert one_object(serve("--json")[1])["address"] != f"http://127.0.0.1:{port}/v1"
    serve("--port", str(port), "--pin")
    assert one_object(serve("--json")[1])["address"] == f"http://127.0.0.1:{port}/v1"
    assert "needs --port" in serve("--pin")[2]
