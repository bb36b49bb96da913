"""Probes that ask the kernel for what generated code has no use for."""

from __future__ import annotations

from studio.sandbox.probes.probe import Probe

_TRACE = """
child = os.fork()
if child == 0:
    time.sleep(5)
    os._exit(0)
try:
    call('ptrace', 16, child, 0, 0)
    done()
finally:
    os.kill(child, 9)
"""

_LOOK_INTO = """
class Span(ctypes.Structure):
    _fields_ = (("start", ctypes.c_void_p), ("length", ctypes.c_size_t))
source = ctypes.create_string_buffer(b"here")
target = ctypes.create_string_buffer(4)
one, other = (Span(ctypes.addressof(each), 4) for each in (target, source))
call('process_vm_readv', os.getpid(), ctypes.byref(one), 1, ctypes.byref(other), 1, 0)
done()
"""

_HANDLE = """
handle = ctypes.create_string_buffer(136)
ctypes.c_uint.from_buffer(handle).value = 128
call('name_to_handle_at', -100, b'/usr', handle, ctypes.byref(ctypes.c_int()), 0)
done()
"""

PROBES = (
    Probe("trace another process", _TRACE),
    Probe("read the memory of a process", _LOOK_INTO),
    Probe("make a namespace", "call('unshare', 0x400); done()"),
    Probe("open a mount", "done(call('open_tree', -100, b'/usr', 0))"),
    Probe("make a ring of the kernel", "done(call('io_uring_setup', 1, bytes(120)))"),
    Probe("handle page faults", "done(call('userfaultfd', 1))"),
    Probe("put a key into a ring", "done(call('add_key', b'user', b'probe', b'x', 1, -1))"),
    Probe("make memory that no limit counts", "done(call('memfd_create', b'x', 0))"),
    Probe("share memory by number", "done(call('shmctl', call('shmget', 0, 4096, 0o1600), 0, 0))"),
    Probe("make a handle of a file", _HANDLE),
    Probe("change the personality", "done(call('personality', 0xffffffff))"),
    Probe("open a terminal", "done(os.openpty())"),
)
