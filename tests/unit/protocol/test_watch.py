"""What leaves this machine is counted and named; what stays on it is not."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import types
from typing import Any

import pytest

from studio.protocol.connections.watch import KEPT, Watch, by_module

HEARD = """
import contextlib, json, socket, sys, types
from studio.protocol.connections.watch import Watch, by_module

plugin = types.ModuleType("studio_greedy")
exec('''
import contextlib, socket
def call(host, port):
    with contextlib.suppress(OSError), socket.socket() as own:
        own.settimeout(0.01)
        own.connect((host, port))
def look_up(name):
    with contextlib.suppress(OSError):
        socket.create_connection((name, 443), 0.01)
def tell(host):
    with contextlib.suppress(OSError), socket.socket(type=socket.SOCK_DGRAM) as own:
        own.sendto(b"x", (host, 9))
''', plugin.__dict__)
watch = Watch(by_module(lambda: {"studio_greedy": "greedy"}, "studio.models.download"))
watch.start()
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(("localhost", server.getsockname()[1])).close()
one, other = socket.socketpair()
assert watch.attempts() == (), watch.attempts()
plugin.call("192.0.2.7", 80)
plugin.look_up("nobody.invalid")
plugin.tell("192.0.2.8")
plugin.call("127.0.0.1", 9)
with contextlib.suppress(OSError), socket.socket() as own:
    own.settimeout(0.01)
    own.connect(("192.0.2.9", 81))
print(json.dumps([[each.address, each.plugin, each.asked] for each in watch.attempts()]))
"""


def test_a_plugin_that_connects_is_counted_and_named() -> None:
    done = subprocess.run([sys.executable, "-c", HEARD], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [
        ["192.0.2.7:80", "greedy", False],
        ["nobody.invalid:443", "greedy", False],
        ["192.0.2.8:9", "greedy", False],
        ["192.0.2.9:81", "", False],
    ]


class Socket:
    family = socket.AF_INET


def connect(watch: Watch, host: Any, port: int) -> None:
    watch.hear("socket.connect", (Socket(), (host, port)))


def test_a_connection_after_its_name_was_looked_up_is_one_attempt() -> None:
    watch = Watch()
    watch.hear("socket.getaddrinfo", (b"hub.example", 443, 0, 0, 0))
    connect(watch, "192.0.2.1", 443)
    connect(watch, "192.0.2.2", 443)  # a second address, or somebody else: never hidden
    assert [each.address for each in watch.attempts()] == ["hub.example:443", "192.0.2.2:443"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "LOCALHOST.", ""])
def test_this_machine_does_not_count(host: str) -> None:
    watch = Watch()
    watch.hear("socket.getaddrinfo", (host, 80, 0, 0, 0))
    connect(watch, host, 80)
    watch.hear("socket.getaddrinfo", (None, 80, 0, 0, 0))
    watch.hear("open", ("192.0.2.1", 80))
    assert watch.count == 0


@pytest.mark.parametrize("host", ["localhost.example", "127.0.0.1.example", "10.0.0.1", "::ffff"])
def test_names_that_only_look_like_it_do(host: str) -> None:
    watch = Watch()
    connect(watch, host, 80)
    assert watch.count == 1


def test_a_download_that_the_user_has_started_is_told_apart() -> None:
    module = types.ModuleType("studio.models.download.https")
    exec("def get(watch, connect): connect(watch, '192.0.2.1', 443)", module.__dict__)
    watch = Watch(by_module(lambda: {"studio_hub": "hub"}, "studio.models.download"))
    module.__dict__["get"](watch, connect)
    connect(watch, "192.0.2.1", 443)
    assert [each.asked for each in watch.attempts()] == [True, False]


def test_it_never_stands_in_the_way_and_never_grows() -> None:
    watch = Watch()
    with contextlib.suppress(RuntimeError):
        watch.hear("socket.connect", ())
    assert watch.attempts()[0].address == "?"
    for port in range(1, 2 * KEPT):
        connect(watch, "x" * 1000, port)
    assert watch.count == 2 * KEPT
    assert len(watch.attempts()) == KEPT
    assert len(watch.attempts()[-1].address) == 300
