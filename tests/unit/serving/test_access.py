"""Who may ask: addresses, web pages, tokens, malformed requests. Every refusal beside a request
that differs in one header and is served.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shlex
import socket
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from studio.base import disk
from studio.protocol.errors import ErrorCode, StudioError
from studio.serving import LocalServer, access, server
from studio.serving.server import TOKEN_FILE
from studio.serving.token import Token
from studio.testing.guards import PATIENCE
from tests.unit.serving.conftest import FakeStudio, start

pytestmark = pytest.mark.loopback
PORT = "{port}"


@pytest.mark.parametrize(
    "host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"LOCALHOST:{PORT}", f"[::1]:{PORT}"]
)
def test_its_own_names_are_served(served, host: str) -> None:
    host = host.format(port=served.server.port)
    assert served.status(f"Host: {host}", served.token) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.com", f"evil.com:{PORT}", f"127.0.0.1.evil.com:{PORT}", f"localhost.evil.com:{PORT}",
        f"127.1:{PORT}", f"0.0.0.0:{PORT}", f"2130706433:{PORT}", f"[::ffff:127.0.0.1]:{PORT}",
        f"rebind.test:{PORT}", "", f":{PORT}", "127.0.0.1", "127.0.0.1:1", f"localhost.:{PORT}",
    ],
)  # fmt: skip
def test_other_names_are_not(served, host: str) -> None:
    assert served.status(f"Host: {host.format(port=served.server.port)}", served.token) == 403


def test_no_name_two_names_and_a_whole_address_are_not(served) -> None:
    assert served.status(served.token, line="GET /v1/models HTTP/1.0") == 403
    assert served.status(served.host, served.host, served.token) == 400
    line = f"GET http://127.0.0.1:{served.server.port}/v1/models HTTP/1.1"
    assert served.status("Host: evil.com", served.token, line=line) == 403
    assert served.status(served.host, served.token, line=line) in (400, 404)


@pytest.mark.parametrize(
    "header",
    ["Origin: http://127.0.0.1:8000", "Origin: null", "Sec-Fetch-Site: cross-site",
     "Sec-Fetch-Site: same-site", "Sec-Fetch-Site: same-origin"],
)  # fmt: skip
def test_web_pages_are_refused(served, header: str) -> None:
    assert served.status(served.host, served.token, header) == 403
    assert served.status(served.host, served.token, "Sec-Fetch-Site: none") == 200


BROWSER = {
    "image": "GET, Sec-Fetch-Site: cross-site, Sec-Fetch-Mode: no-cors, Sec-Fetch-Dest: image",
    "link": "GET, Sec-Fetch-Site: cross-site, Sec-Fetch-Mode: navigate, Sec-Fetch-Dest: document",
    "image of an old browser": "GET, Referer: http://evil.com/",
    "fetch": "GET, Origin: http://evil.com, Sec-Fetch-Site: cross-site, Sec-Fetch-Mode: cors",
    "fetch without cors": "POST, Origin: http://evil.com, Content-Type: text/plain",
    "page on another port": "POST, Origin: http://127.0.0.1:8000, Sec-Fetch-Site: same-site",
    "page of this port": f"GET, Origin: http://127.0.0.1:{PORT}, Sec-Fetch-Site: same-origin",
    "form": "POST, Origin: http://evil.com, Content-Type: application/x-www-form-urlencoded",
    "form of files": "POST, Origin: http://evil.com, Content-Type: multipart/form-data; boundary=b",
    "sandboxed frame": "POST, Origin: null, Content-Type: application/json",
    "beacon": "POST, Origin: http://evil.com, Content-Type: text/plain, Sec-Fetch-Mode: no-cors",
    "asking first": "OPTIONS, Origin: http://evil.com, Access-Control-Request-Method: POST",
    "private network": "OPTIONS, Origin: null, Access-Control-Request-Private-Network: true",
    "event source": "GET, Origin: http://evil.com, Accept: text/event-stream",
    "web socket": "GET, Origin: http://evil.com, Connection: Upgrade,close, Upgrade: websocket",
    "web socket of a program": "GET, Connection: Upgrade,close, Upgrade: websocket",
}
"""What a page makes a browser send, as browsers word it."""


@pytest.mark.parametrize("sent", BROWSER)
def test_no_page_makes_the_server_do_or_tell_anything(served, caplog, sent: str) -> None:
    method, *headers = BROWSER[sent].format(port=served.server.port).split(", ")
    for path in ("/v1/models", "/v1/chat/completions"):
        head = [f"{method} {path} HTTP/1.1", served.host, *headers, "Content-Length: 2"]
        head += [] if any("Connection" in each for each in headers) else ["Connection: close"]
        answer = served.raw("\r\n".join([*head, "", "{}"]).encode())
        assert answer.split()[1] in (b"401", b"403")
        assert b"access-control" not in answer.lower()
        assert b"tiny" not in answer
    assert served.studio.jobs.empty()
    assert not caplog.records, "nor does it fill the log"


def test_the_token_is_needed_and_only_in_its_header(served) -> None:
    token = served.server.token.text
    assert served.status(served.host) == 401
    wrong = [token[:-1], token.swapcase(), "", "é", f"{token} {token}"]
    for shown in wrong:
        assert served.status(served.host, f"Authorization: Bearer {shown}") == 401
    line = f"GET /v1/models?token={token} HTTP/1.1"
    assert served.status(served.host, line=line) == 401
    assert served.status(served.host, f"Authorization: Bearer {'x' * 10**6}") in (0, 400, 431)


def test_the_token_lies_where_only_its_owner_reads_it_and_lasts_over_restarts(tmp_path) -> None:
    served = start(tmp_path)
    path = tmp_path / TOKEN_FILE
    assert path.read_text() == served.server.token.text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert served.status(served.host, served.token) == 200
    served.close()
    assert not served.server.is_running
    with pytest.raises(ConnectionRefusedError):
        served.status(served.host, served.token)
    again = start(tmp_path)
    assert again.token == served.token
    assert again.status(again.host, served.token) == 200
    again.close()


@pytest.mark.parametrize("kept", ["", "short", "é" * 43, "x" * 44, "a b" * 20])
def test_what_is_no_token_is_replaced(tmp_path, kept: str) -> None:
    path = tmp_path / TOKEN_FILE
    path.write_text(kept)
    path.chmod(0o600)
    assert len(Token(path).text) == 43
    assert path.read_text() == Token(path).text != kept


def test_a_token_that_others_could_read_or_that_is_a_link_is_replaced(tmp_path) -> None:
    path = tmp_path / TOKEN_FILE
    old = Token(path).text
    path.chmod(0o644)
    assert Token(path).text != old
    path.replace(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    old = (tmp_path / "elsewhere").read_text()
    assert Token(path).text != old
    assert not path.is_symlink()
    assert (tmp_path / "elsewhere").read_text() == old


def test_a_home_has_one_server_and_the_second_is_told_where(running) -> None:
    key = running.server.token.text
    with pytest.raises(StudioError, match=running.server.address) as caught:
        LocalServer(running.studio)  # type: ignore[arg-type]
    assert caught.value.code is ErrorCode.BUSY
    assert running.server.token.path.read_text() == key
    assert running.status(running.host, running.token) == 200


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can be another user")
def test_another_user_of_this_machine_gets_neither_token_nor_text_nor_library() -> None:
    """Though the folder around the studio's is open to all, and a file beside it is read."""
    with tempfile.TemporaryDirectory() as name:
        around = Path(name)
        around.chmod(0o755)
        (around / "open.txt").write_text("open")
        served = start(disk.make_folder(around / "home"))
        try:
            disk.make_folder(served.server.token.path.parent / "library")
            assert _as_nobody("cat", around / "open.txt") == "open", "the control"
            assert _as_nobody("cat", served.server.token.path) == ""
            assert _as_nobody("ls", around / "home") == ""
            (around / "home").chmod(0o755)  # as if somebody had opened it up
            assert _as_nobody("cat", served.server.token.path) == ""
            assert _as_nobody("ls", around / "home" / "library") == ""
            asks = (
                f"exec 3<>/dev/tcp/127.0.0.1/{served.server.port}; printf '%b' \"$0\" >&3; cat <&3"
            )
            line = f"GET /v1/models HTTP/1.1\\r\\n{served.host}\\r\\nConnection: close\\r\\n"
            without = _as_nobody("bash", "-c", asks, f"{line}\\r\\n")
            assert without.startswith("HTTP/1.1 401")
            shown = _as_nobody("bash", "-c", asks, f"{line}{served.token}\\r\\n\\r\\n")
            assert shown.startswith("HTTP/1.1 200"), "the control"
        finally:
            served.close()


def _as_nobody(*command: object) -> str:
    """Return what a command prints when another user runs it."""
    words = [str(word) for word in command]
    ids = {"user": 65534, "group": 65534, "extra_groups": []}
    ran = subprocess.run(
        words, check=False, **ids, cwd="/", capture_output=True, text=True, timeout=PATIENCE
    )
    return ran.stdout


def test_a_renewed_token_is_the_only_one(served) -> None:
    old = served.token
    served.server.token.renew()
    assert served.status(served.host, old) == 401
    assert served.status(served.host, served.token) == 200
    path = served.server.token.path
    assert f"Authorization: Bearer {path.read_text()}" == served.token != old
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_listens_on_this_machines_own_addresses_and_nowhere_once_it_is_off(tmp_path) -> None:
    served = start(tmp_path)
    port = served.server.port
    assert {"127.0.0.1"} <= _listening(port) <= {"127.0.0.1", "::1"}
    served.close()
    assert _listening(port) == set()


def _listening(port: int) -> set[str]:
    found = psutil.Process().net_connections(kind="tcp")
    return {c.laddr.ip for c in found if c.status == psutil.CONN_LISTEN and c.laddr.port == port}


def test_a_pinned_port_is_used_and_one_that_is_taken_is_named(running, tmp_path) -> None:
    studio = FakeStudio(tmp_path)
    studio.settings["server.port"] = running.server.port
    try:
        with pytest.raises(StudioError, match=f"port {running.server.port} ") as caught:
            LocalServer(studio)  # type: ignore[arg-type]
        assert caught.value.code is ErrorCode.BUSY
        with pytest.raises(StudioError, match="no such port"):
            LocalServer(studio, 99_999)  # type: ignore[arg-type]
        free = LocalServer(studio, 0)  # type: ignore[arg-type]
        port, address = free.port, free.address
        free.close()
        studio.settings["server.port"] = port
        again = LocalServer(studio)  # type: ignore[arg-type]
        assert (again.port, again.address) == (port, address)
        again.close()
    finally:
        studio.close()


@pytest.mark.parametrize("media", ["text/plain", "multipart/form-data", "", "application/jsonx"])
def test_only_json_is_taken(served, media: str) -> None:
    line = "POST /v1/chat/completions HTTP/1.1"
    length = "Content-Length: 2"
    typed = f"Content-Type: {media}"
    assert served.status(served.host, served.token, typed, length, line=line, body="{}") == 415
    typed = "Content-Type: application/json; charset=utf-8"
    assert served.status(served.host, served.token, typed, length, line=line, body="{}") == 400


def _posted(served, body: str, *headers: str) -> int:
    line = "POST /v1/chat/completions HTTP/1.1"
    typed = "Content-Type: application/json"
    return served.status(served.host, served.token, typed, *headers, line=line, body=body)


@pytest.mark.parametrize(
    "body",
    ["", "{", "[" * 100_000, '{"model": NaN}',
     '{"model": "tiny", "messages": [{"role": "user", "content": "\\ud800"}]}', '{"model": 3}'],
)  # fmt: skip
def test_what_is_no_request_is_refused(served, body: str) -> None:
    assert _posted(served, body, f"Content-Length: {len(body)}") == 400


def test_bodies_that_lie_about_their_length_are_refused(served, monkeypatch) -> None:
    assert _posted(served, "", f"Content-Length: {2 << 30}") == 413
    assert _posted(served, "{}", "Content-Length: 2", "Content-Length: 9") == 400
    assert _posted(served, "zz\r\n", "Transfer-Encoding: chunked") == 400
    assert _posted(served, "ffffffffffffffffffffff\r\n", "Transfer-Encoding: chunked") == 400
    both = ("Content-Length: 2", "Transfer-Encoding: chunked")
    assert _posted(served, "2\r\n{}\r\n0\r\n\r\n", *both) == 400
    monkeypatch.setattr("studio.serving.app.MOST_BYTES", 100)
    chunk = f"{200:x}\r\n{'x' * 200}\r\n0\r\n\r\n"
    assert _posted(served, chunk, "Transfer-Encoding: chunked") == 413


def until(holds: Callable[[], bool]) -> None:
    """Wait for what the server does after it has answered."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_two_gigabytes_are_refused_on_the_way_and_never_held(served) -> None:
    """Whoever has the token may send a body without its length; it is not read to its end."""
    head = ["POST /v1/chat/completions HTTP/1.1", served.host, served.token]
    head += ["Content-Type: application/json", "Transfer-Encoding: chunked", "", ""]
    chunk = b"100000\r\n" + b"x" * (1 << 20) + b"\r\n"
    process = psutil.Process()
    before = most = process.memory_info().rss
    sent, answer = 0, b""
    with socket.create_connection(("127.0.0.1", served.server.port), PATIENCE) as link:
        link.sendall("\r\n".join(head).encode())
        with contextlib.suppress(ConnectionError):
            while sent < 2 << 10 and not select.select([link], [], [], 0)[0]:
                link.sendall(chunk)
                sent += 1
                most = max(most, process.memory_info().rss)
        answer = link.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413")
    assert 32 <= sent < 64, "MiB"
    assert most - before < 256 << 20, "an eighth of what was offered, however it is allocated"
    held_by = served.server._server.config.app
    until(lambda: held_by.held == 0)


def test_the_header_of_a_second_request_has_no_more_time_than_the_first(
    served, monkeypatch
) -> None:
    """The time is for headers alone: the answer to the first may take as long as it takes."""
    monkeypatch.setattr(server, "HEADER_SECONDS", 1.0)
    body = '{"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}'
    head = ["POST /v1/chat/completions HTTP/1.1", served.host, served.token]
    head += ["Content-Type: application/json", f"Content-Length: {len(body)}", "", body]
    with socket.create_connection(("127.0.0.1", served.server.port), PATIENCE) as link:
        link.sendall("\r\n".join(head).encode())
        job = served.studio.jobs.get(timeout=PATIENCE)
        time.sleep(1.1)
        served.studio.post(lambda: job.calls["on_done"]({}))
        answer = b""
        while not answer.endswith(b"}}"):  # the header may come by itself
            part = link.recv(65536)
            assert part, answer
            answer += part
        assert answer.startswith(b"HTTP/1.1 200")
        link.sendall(b"GET ")
        assert link.recv(65536) == b""


def test_a_client_that_never_ends_its_headers_is_left(served, monkeypatch) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.1)
    assert served.raw(b"GET /v1/models HTTP/1.1\r\nHost: ") == b""
    answer = served.raw(b"GET /v1/models HTTP/1.1\r\n" + b"a: b\r\n" * 10_000)
    assert answer[:12] in (b"", b"HTTP/1.1 400", b"HTTP/1.1 431")


def test_unknown_addresses_are_404_and_no_answer_invites_a_page(served) -> None:
    lines = ["GET /v1/files HTTP/1.1", served.host, served.token, "Connection: close", "", ""]
    answer = served.raw("\r\n".join(lines).encode())
    head = answer.partition(b"\r\n\r\n")[0].lower()
    assert head.startswith(b"http/1.1 404")
    assert b"x-content-type-options: nosniff" in head
    assert b"cache-control: no-store" in head
    assert b"access-control" not in head
    lines[0] = "DELETE /v1/models HTTP/1.1"
    answer = served.raw("\r\n".join(lines).encode())
    assert answer.startswith(b"HTTP/1.1 405")
    assert b"\nallow: " in answer.lower()
    assert b"not DELETE" in answer


def test_bodies_that_are_too_large_together_are_told_to_come_back(served, monkeypatch) -> None:
    monkeypatch.setattr(access, "MOST_BYTES_TOGETHER", 50)
    served.says("x")
    body = '{"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}'
    assert _posted(served, body, f"Content-Length: {len(body)}") == 429
    monkeypatch.setattr(access, "MOST_BYTES_TOGETHER", len(body))
    for _ in range(2):  # what a request held is free again behind it
        assert _posted(served, body, f"Content-Length: {len(body)}") == 200


def test_connections_beyond_the_most_are_told_to_come_back(served, monkeypatch) -> None:
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 1)
    monkeypatch.setattr(server, "PARTING_SECONDS", 0.1)
    address = ("127.0.0.1", served.server.port)
    with socket.create_connection(address, PATIENCE) as first:
        body = '{"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}'
        head = ["POST /v1/chat/completions HTTP/1.1", served.host, served.token]
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}", "", body]
        first.sendall("\r\n".join(head).encode())
        served.studio.jobs.get(timeout=PATIENCE)
        lines = ["GET /v1/models HTTP/1.1", served.host, served.token, "", ""]
        answer = served.raw("\r\n".join(lines).encode())
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 Service Unavailable")
        assert b"retry-after: 2" in head.lower()
        assert "1 are already open" in json.loads(body)["error"]["message"]
        monkeypatch.setattr(server, "MOST_CONNECTIONS", 0)
        assert served.raw(b"") == b"", "far too many are cut off"
    monkeypatch.undo()
    assert served.status(served.host, served.token) == 200


def test_connections_that_ask_nothing_make_room_for_one_that_does(served, monkeypatch) -> None:
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 3)
    address = ("127.0.0.1", served.server.port)
    idle = [socket.create_connection(address, PATIENCE) for _ in range(3)]
    assert served.status(served.host, served.token) == 200
    assert idle[0].recv(1) == b"", "the one that has waited longest is gone"
    for each in idle:
        each.close()


def test_more_requests_than_may_wait_are_told_to_come_back(served, monkeypatch) -> None:
    monkeypatch.setattr(access, "MOST_REQUESTS", 1)
    body = '{"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}'
    length = f"Content-Length: {len(body)}"
    statuses: list[int] = []
    waiting = threading.Thread(target=lambda: statuses.append(_posted(served, body, length)))
    waiting.start()
    job = served.studio.jobs.get(timeout=PATIENCE)
    assert _posted(served, body, length) == 429
    served.studio.post(lambda: job.calls["on_done"]({}))
    waiting.join()
    assert statuses == [200]


def test_bodies_that_never_come_give_their_places_back(served, monkeypatch) -> None:
    monkeypatch.setattr(access, "MOST_REQUESTS", 2)
    monkeypatch.setattr(access, "BODY_SECONDS", 0.5)
    head = f"POST /v1/chat/completions HTTP/1.1\r\n{served.host}\r\n{served.token}\r\n"
    head += "Content-Type: application/json\r\nContent-Length: 99\r\n\r\n"
    with contextlib.ExitStack() as stack:
        links = [
            stack.enter_context(
                socket.create_connection(("127.0.0.1", served.server.port), PATIENCE)
            )
            for _ in range(2)
        ]
        for number, link in enumerate(links):
            link.sendall(head.encode() + b'{"model"' * number)  # nothing, or half of it
        for link in links:
            answer = b"".join(iter(lambda link=link: link.recv(65536), b""))
            assert answer.startswith(b"HTTP/1.1 408")
            assert b"did not come within 0.5 seconds" in answer
    assert served.status(served.host, served.token) == 200


def test_a_body_that_has_come_may_be_worked_on_for_longer(served, monkeypatch) -> None:
    """The control: the limit is for the body, not for its answer."""
    monkeypatch.setattr(access, "BODY_SECONDS", 0.2)
    body = '{"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}'
    statuses: list[int] = []
    length = f"Content-Length: {len(body)}"
    waiting = threading.Thread(target=lambda: statuses.append(_posted(served, body, length)))
    waiting.start()
    job = served.studio.jobs.get(timeout=PATIENCE)
    assert not job.cancelled.wait(0.6)
    served.studio.post(lambda: job.calls["on_done"]({}))
    waiting.join()
    assert statuses == [200]


def test_the_example_names_a_model_and_does_not_give_the_token_away(served) -> None:
    command, address, *_, asked = shlex.split(served.server.example)
    assert (command, address) == ("curl", f"{served.server.address}/chat/completions")
    assert json.loads(asked)["model"] == "tiny"
    assert served.server.token.text not in served.server.example
    assert str(served.server.token.path) in served.server.example
