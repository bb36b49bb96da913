"""Probes that take too much: processes, memory, files, output, time. Outside a little too much."""

from __future__ import annotations

from dataclasses import replace

from studio.api.clean_text import clean
from studio.api.sandbox import SandboxLimits
from studio.sandbox.probes.fixture import Fixture
from studio.sandbox.probes.probe import Judge, Probe, Seen

_MIB = 1 << 20
_LIMITS = SandboxLimits(
    wall_seconds=10,
    memory_bytes=192 * _MIB,
    file_bytes=_MIB,
    scratch_bytes=4 * _MIB,
    processes=12,
    open_files=32,
    output_bytes=2 * _MIB,
)
_HASTE = replace(_LIMITS, wall_seconds=0.5)


def _not(ended: str) -> Judge:
    return lambda seen, fixture: seen.ended != ended


def _survived(seen: Seen, fixture: Fixture) -> bool:
    return bool(fixture.survivors())


def _long_line(seen: Seen, fixture: Fixture) -> bool:
    return len(seen.stdout) > _LIMITS.output_bytes


def _steers(seen: Seen, fixture: Fixture) -> bool:
    return "\x1b" in clean(seen.stdout.decode("utf-8", "replace"))


# Far more than the limit: tier B counts the processes that the user has at the start, and as many
# more as have ended since may be made.
_FORKS = """
made = 0
try:
    while made < 60:
        if os.fork() == 0:
            time.sleep(1)
            os._exit(0)
        made += 1
    done(made)
finally:
    print(made, 'forks', flush=True)
"""

_THREADS = """
import threading
threads = [threading.Thread(target=time.sleep, args=(0.5,), daemon=True) for _ in range(60)]
for thread in threads:
    thread.start()
done()
"""

_SHARED_HUNGER = """
for _ in range(5):
    if os.fork() == 0:
        held = b'x' * (60 << 20)
        time.sleep(1)
        os._exit(0)
for _ in range(5):
    os.wait()
done()
"""

_FILL = """
for number in range(9):
    open(f'{number}', 'wb').write(b'x' * (512 << 10))
time.sleep(0.5)  # without a file system of its own, it is looked at now and then
done()
"""

_LEAVE_BEHIND = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        null = os.open('/dev/null', os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        os.execv(sys.executable, [sys.executable, '-c', %r, facts['marker']])
    os._exit(0)
os.wait()
time.sleep(0.3)
"""

_IGNORE = """
import signal
for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
os.kill(os.getpid(), signal.SIGTERM)
done()
time.sleep(30 if facts['inside'] else 0)
"""

_BURN = """
while time.process_time() < 1.3:
    pass
done()
"""

PROBES = (
    Probe("fork past the limit", _FORKS, limits=_LIMITS),
    Probe("start threads past the limit", _THREADS, limits=_LIMITS),
    Probe("take memory past the limit", "x = bytearray(256 << 20); done()", limits=_LIMITS),
    Probe("take memory together", _SHARED_HUNGER, limits=_LIMITS),
    Probe(
        "open files past the limit",
        "x = [open('/dev/null') for _ in range(40)]; done()",
        limits=_LIMITS,
    ),
    Probe(
        "write a file past the limit",
        "open('x', 'wb').write(bytes(2 << 20)); done()",
        limits=_LIMITS,
    ),
    Probe("make a file of 1 TB", "open('x', 'wb').truncate(1 << 40); done()", limits=_LIMITS),
    Probe("fill the disk", _FILL, limits=_LIMITS),
    Probe(
        "print without end",
        "for _ in range(70_000): print('x' * 63)\ndone()",
        limits=_LIMITS,
    ),
    Probe(
        "print a line of 10 MB",
        "sys.stdout.write('x' * (10 << 20))",
        leaked=_long_line, proof=_long_line, limits=_LIMITS,
    ),
    Probe(
        "steer the terminal",
        r"print('\x1b]0;title\x07\x1b[2J\x1b[31mred\x9b5m')",
        leaked=_steers, proof=lambda seen, fixture: b"\x1b" in seen.stdout,
    ),
    Probe("compute without end", _BURN, limits=replace(_LIMITS, cpu_seconds=1)),
    Probe("sleep past the time", "time.sleep(0.8); done()", limits=_HASTE),
    Probe("ignore every signal", _IGNORE, leaked=_not("wall time"), limits=_HASTE),
    Probe(
        "leave a process behind", _LEAVE_BEHIND % "import time; time.sleep(60)",
        leaked=_survived, proof=_survived, limits=_LIMITS,
    ),
    Probe(
        "leave a stopped process behind",
        _LEAVE_BEHIND % "import os; os.kill(os.getpid(), 19)",
        leaked=_survived, proof=_survived, limits=_LIMITS,
    ),
)  # fmt: skip
