"""The kernel refuses sockets of the network, tells whose they were, and keeps the others."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from studio.sandbox.gatekeeper import name_of
from studio.testing.guards import PATIENCE

linux = pytest.mark.skipif(sys.platform != "linux", reason="a filter of Linux")
TRY = """
    import ctypes, errno, os, socket, subprocess, sys, threading
    from studio.sandbox import network_gate

    def tried(family):
        try:
            socket.socket(family, socket.SOCK_RAW if family == 16 else socket.SOCK_STREAM).close()
        except OSError as error:
            return errno.errorcode[error.errno]
        return "open"

    CHILD = "import socket, sys; sys.stdin.read(); socket.socket()"

    class Heard(list):
        def __init__(self, gate):
            self.changed = threading.Condition()
            gate.listen(self.add)

        def add(self, refusal):
            with self.changed:
                self.append(refusal)
                self.changed.notify_all()

        def wait(self, count):
            with self.changed:
                assert self.changed.wait_for(lambda: len(self) >= count, 60), self
"""


def ran(script: str, *words: str, as_user: bool = True) -> str:
    """Run it without the rights of an administrator; return what it said."""
    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    powerless = drop if as_user and os.geteuid() == 0 else []
    if powerless and shutil.which("setpriv") is None:
        pytest.skip("an administrator would not see the fault")
    done = subprocess.run(
        [*powerless, sys.executable, "-c", textwrap.dedent(TRY) + textwrap.dedent(script), *words],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@linux
def test_only_sockets_of_files_and_of_the_kernel_can_be_opened() -> None:
    script = """
        print(*(tried(each) for each in (2, 10, 17, 1, 16)))
        gate = network_gate.shut()
        print(gate.is_shut, *(tried(each) for each in (2, 10, 17, 40, 1, 16)))
        one, other = socket.socketpair()
        libc = ctypes.CDLL(None, use_errno=True)
        print(libc.syscall(425, 8, bytes(120)), errno.errorcode[ctypes.get_errno()])
        code = "import socket\\ntry: socket.socket()\\nexcept OSError as error: print(error.errno)"
        subprocess.run([sys.executable, "-c", code])
        print(socket.getaddrinfo("127.0.0.1", 80)[0][4][0])
    """
    before, after, ring, child, number = ran(script).splitlines()
    assert before == "open open EPERM open open", "the control: a raw socket needs rights"
    assert after == "True EACCES EACCES EACCES EACCES open open"
    assert ring == "-1 EPERM"
    assert child == "13", "what it starts inherits it"
    assert number == "127.0.0.1"


@linux
def test_a_refusal_names_the_library_even_while_python_is_held_up() -> None:
    script = """
        gate = network_gate.shut()
        heard = Heard(gate)
        import cffi
        ffi = cffi.FFI()
        ffi.cdef("int socket(int, int, int);")
        print(ffi.dlopen(None).socket(2, 1, 0))
        heard.wait(1)
        print(ctypes.PyDLL(None).socket(2, 1, 0))  # with Python's lock: nobody here could answer
        print(tried(2))
        subprocess.run(["sh", "-c", "exec true"])
        heard.wait(3)
        print(*(each.library for each in heard))
        print(*{each.processes[0] == os.getpid() for each in heard})
    """
    *results, libraries, ours = ran(script).splitlines()
    assert results == ["-1", "-1", "EACCES"]
    native, held, python = libraries.split()
    assert "cffi" in native
    assert "ffi" in held or "ctypes" in held
    assert python == "Python"
    assert ours == "True"


@linux
def test_one_process_and_what_it_starts_can_be_let_through() -> None:
    script = """
        gate = network_gate.shut()
        assert gate.can_permit
        def start():
            code = f"import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', {CHILD!r}]).returncode)"
            words = [sys.executable, "-c", code]
            return subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        one, other = start(), start()
        gate.permit(one.pid)
        for each in (one, other):
            each.stdin.close()
            print(each.wait())
        print(tried(2))
    """  # noqa: E501
    assert ran(script).split() == ["0", "1", "EACCES"]


@linux
def test_it_stays_shut_without_the_keeper_and_inside_another_gate() -> None:
    script = """
        import signal
        gate = network_gate.shut()
        inner = network_gate.shut()
        print(inner.is_shut, inner.can_permit, tried(2))
        with open("/proc/thread-self/children") as file:
            for keeper in file.read().split():
                os.kill(int(keeper), signal.SIGKILL)
        print(tried(10), ctypes.CDLL(None).socket(2, 1, 0))
    """
    inner, alone = ran(script).splitlines()
    assert inner == "True False EACCES"
    assert alone == "EACCES -1"


@linux
def test_names_are_not_asked_of_services_of_this_machine(tmp_path: Path) -> None:
    """``nscd`` answers on a socket in a file; here somebody listens in its place."""
    script = """
        os.makedirs("/run/nscd")
        service = socket.socket(socket.AF_UNIX)
        service.bind("/run/nscd/socket")
        service.listen()
        ask = "import socket, sys\\n" + sys.argv[1] + "\\nsocket.getaddrinfo('nobody.invalid', 80)"
        asking = subprocess.Popen([sys.executable, "-c", ask], stderr=subprocess.DEVNULL)
        service.settimeout(0.05)
        while True:
            over = asking.poll() is not None
            try:
                service.accept()
                print("asked")
                break
            except TimeoutError:
                if over:
                    print("not asked")
                    break
        asking.kill()
        asking.wait()
    """
    gate = "from studio.sandbox import network_gate; network_gate.shut()"

    def asked(first: str) -> str:
        words = 'mount -t tmpfs none /run && exec "$@"'
        own = ["unshare", "-rm", "sh", "-c", words, "sh"]
        code = textwrap.dedent(TRY) + textwrap.dedent(script)
        done = subprocess.run(
            [*own, sys.executable, "-c", code, first],
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        return done.stdout.strip()

    control = asked("")
    if control != "asked":
        pytest.skip("no mounts of its own can be made here, or this C library knows no nscd")
    assert asked(gate) == "not asked"


@linux
def test_a_reader_runs_without_the_network(tmp_path: Path) -> None:
    (tmp_path / "reader.py").write_text(
        "import socket, sys\n"
        "try: print(sys.argv[1], socket.socket() and 'open')\n"
        "except OSError as error: print(sys.argv[1], error.errno)\n"
    )

    def said(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", *words, "reader", "word"],
            cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=True,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
        )  # fmt: skip
        return done.stdout.strip()

    assert said("studio", "--closed") == "word 13"
    assert said("runpy") == "word open", "the control"


def test_libraries_have_the_names_of_their_packages() -> None:
    site = "/home/me/.venv/lib/python3.11/site-packages"
    assert name_of(f"{site}/onnxruntime/capi/libonnxruntime.so.1.27.0") == "onnxruntime"
    assert name_of(f"{site}/numpy.libs/libopenblas-1.so") == "numpy"
    assert name_of(f"{site}/_cffi_backend.cpython-311-x86_64-linux-gnu.so") == "_cffi_backend"
    assert name_of("/usr/lib/x86_64-linux-gnu/libcurl.so.4") == "libcurl"
    assert name_of("/usr/bin/git") == "git"
    assert name_of("/usr/lib/python3.11/lib-dynload/_socket.cpython-311.so") == "Python"


@linux
def test_a_plugin_in_its_sandbox_needs_both_the_permission_and_the_gate() -> None:
    script = """
        gate = network_gate.shut()
        from studio.api.sandbox import SandboxLimits, SandboxRequest
        from studio.plugin_process.process_sandbox import begin
        from studio.sandbox import interpreter
        from studio.sandbox.plan import Openings
        from studio.sandbox.sandbox import Sandbox

        sandbox = Sandbox(["A"], [interpreter.current()])
        if not sandbox.tier:
            sys.exit()
        request = SandboxRequest(("python", "-c", CHILD), limits=SandboxLimits(wall_seconds=60))
        for network, is_permitted in ((True, True), (True, False), (False, True)):
            launched = begin(sandbox, request, Openings(network=network))
            if is_permitted:
                gate.permit(launched.process.pid)
            launched.stdin.close()
            launched.process.stdout.read()
            print("open" if not launched.process.stderr.read() else "refused")
            launched.end()
    """
    said = ran(script, as_user=False).split()  # else bubblewrap could set up nothing
    if not said:
        pytest.skip("no namespaces can be made here")
    assert said == ["open", "refused", "refused"]
