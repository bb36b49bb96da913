"""Probes of access to the user's files, secrets, network and processes."""

from __future__ import annotations

from studio.sandbox.probes.fixture import Fixture
from studio.sandbox.probes.probe import Probe, Seen


def _was_written(seen: Seen, fixture: Fixture) -> bool:
    return any(fixture.open_folder.iterdir())


def _mode_changed(seen: Seen, fixture: Fixture) -> bool:
    return (fixture.folder / "home" / "secret.txt").stat().st_mode & 0o777 == 0o640


def _shadowed(seen: Seen, fixture: Fixture) -> bool:
    return b"SHADOW" in seen.stdout


_FILES = (
    Probe("read /etc/passwd", "done(open('/etc/passwd').read()[:4])"),
    Probe("read a secret in the home", "done(open(facts['secret']).read())"),
    Probe("list the home", "done(os.listdir(facts['home']))"),
    Probe("read an installed package", "done(len(open(facts['package']).read()))"),
    Probe(
        "write outside the scratch",
        "open(facts['open'] + '/new', 'w').write('x'); done()",
        leaked=_was_written, proof=_was_written,
    ),
    Probe(
        "write outside at exit",
        "import atexit\n"
        "atexit.register(lambda: open(facts['open'] + '/late', 'w').write('x'))",
        leaked=_was_written, proof=_was_written,
    ),
    Probe(
        "change the rights of a file", "os.chmod(facts['secret'], 0o640)",
        leaked=_mode_changed, proof=_mode_changed,
    ),
    Probe("watch a folder", "call('inotify_add_watch', call('inotify_init1', 0), "
          "facts['home'].encode(), 0x100); done()"),
    Probe(
        "shadow a module of the launcher",
        "print('ok')",
        leaked=_shadowed, proof=lambda seen, fixture: b"ok" in seen.stdout,
        files={
            f"{name}.py": b"print('SHADOW', flush=True)\n"
            for name in ("os", "resource", "select", "studio", "sitecustomize")
        },
        arguments=("-I",),
    ),
)  # fmt: skip

_FIND_VARIABLE = """
def has_secret(process):
    try:
        return facts['variable'].encode() in open(f'/proc/{process}/environ', 'rb').read()
    except OSError:
        return False
"""

_PROCESSES = (
    Probe("find the secret in the environment", "done(os.environ[facts['variable']])"),
    Probe(
        "read the environment of the parent",
        "done(len(open(f'/proc/{os.getppid()}/environ', 'rb').read()))",
    ),
    Probe(
        "read the environment of any process",
        _FIND_VARIABLE + "assert any(map(has_secret, filter(str.isdigit, os.listdir('/proc'))))\n"
        "done()",
    ),
    Probe("see the supervisor", "done(open(f\"/proc/{facts['supervisor']}/stat\").read()[:40])"),
    Probe("signal another process", "os.kill(facts['victim'], 18); done()"),
    Probe(
        "limit another process",
        "import resource\nresource.prlimit(facts['victim'], resource.RLIMIT_CORE, (0, 0)); done()",
    ),
    Probe(
        "slow another process down", "os.setpriority(os.PRIO_PROCESS, facts['victim'], 19); done()"
    ),
)

_NETWORK = (
    Probe(
        "connect to a port of this machine",
        "import socket\nsocket.create_connection(('127.0.0.1', facts['tcp']), 2); done()",
    ),
    Probe(
        "send a datagram",
        "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM)"
        ".sendto(b'x', ('127.0.0.1', facts['udp'])); done()",
    ),
    Probe(
        "listen on a port",
        "import socket\ns = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); done()",
    ),
    Probe(
        "open a socket of IPv6",
        "import socket\nsocket.socket(socket.AF_INET6, socket.SOCK_STREAM); done()",
    ),
    Probe(
        "ask the kernel for interfaces",
        "import socket\nsocket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); done()",
    ),
    Probe(
        "connect to an abstract socket",
        "import socket\nsocket.socket(socket.AF_UNIX).connect('\\0' + facts['abstract']); done()",
    ),
    Probe(
        "connect to a socket with a path",
        "import socket\nsocket.socket(socket.AF_UNIX).connect(facts['path']); done()",
    ),
    Probe(
        "post a letter from a pair of sockets",
        "import socket\na, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "a.connect(facts['letters']); a.send(b'x'); done()",
    ),
)

PROBES = (*_FILES, *_PROCESSES, *_NETWORK)
