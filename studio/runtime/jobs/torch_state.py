"""What torch remembers for each thread, kept apart between jobs. Idle until torch is loaded.

Many jobs take turns in one thread, and a context that a task holds across a ``yield`` would leak
into whatever runs next. So each job has a :class:`TorchState`: ``resume`` puts back what the job
left behind, ``suspend`` keeps it and leaves the thread as it was at the start.

Grad and inference mode, autocast and the modes of ``with torch.device(...)`` belong to the thread
and are kept for the job. The default dtype belongs to the whole process: keeping it for one job
would show it to the other lane, so it is only put back. The number of threads is the scheduler's.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable
from typing import Any

from studio.protocol.states import Lane

log = logging.getLogger(__name__)

_torch: Any = None
"""The module, once it is loaded completely; before that no job can have set anything."""
_dtype_chosen_by = 0
"""The thread that last set torch's default dtype."""
_abandoned: list[Callable[[], None]] = []


def torch_is_loaded(torch: Any) -> None:
    """Begin to keep state apart, and remember who sets the default dtype.

    One dtype serves all threads: a lane must not put back what the other is just using.
    """
    global _torch
    if _torch is torch:
        return
    original = torch.set_default_dtype

    @functools.wraps(original)
    def set_default_dtype(d: Any, /) -> None:
        global _dtype_chosen_by
        original(d)
        _dtype_chosen_by = threading.get_ident()

    torch.set_default_dtype = set_default_dtype
    _torch = torch


class TorchState:
    """What one job left behind in torch's per-thread state at its last step."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._undo: list[Callable[[], None]] = []

    def resume(self) -> None:
        """Put back what the job held when it was suspended; call it in the job's thread."""
        while self._undo:
            self._undo.pop()()

    def abandon(self) -> None:
        """Leave for good what an ended job never closed; call it after the last ``suspend``."""
        # When torch's guards are destroyed they undo themselves: these must never be.
        _abandoned.extend(self._undo)
        self._undo.clear()

    def suspend(self) -> None:
        """Keep what the job holds now, and leave the thread as if nothing had been set."""
        torch = _torch
        if torch is None:
            return
        self._put_back_default_dtype(torch)
        self._lift_modes(torch)
        self._lift_autocast(torch)
        self._lift_autograd(torch)

    def _lift_autograd(self, torch: Any) -> None:
        if torch.is_grad_enabled() and not torch.is_inference_mode_enabled():
            return
        # The guard keeps the thread's whole autograd state and gives exactly that back at its exit,
        # whatever happened in between: it need not be left in the order it was entered.
        neutral = torch.inference_mode(False)
        neutral.__enter__()
        torch.set_grad_enabled(True)
        self._undo.append(lambda: neutral.__exit__(None, None, None))

    def _lift_autocast(self, torch: Any) -> None:
        for device in ("cpu", "cuda", "mps", "xpu"):
            if torch.is_autocast_enabled(device):
                dtype = torch.get_autocast_dtype(device)
                torch.set_autocast_enabled(device, False)
                self._undo.append(_autocast_again(torch, device, dtype))

    def _lift_modes(self, torch: Any) -> None:
        modes = [
            torch._C._pop_torch_function_stack()
            for _ in range(torch._C._len_torch_function_stack())
        ]
        for mode in modes:
            self._undo.append(_mode_again(torch, mode))

    def _put_back_default_dtype(self, torch: Any) -> None:
        dtype = torch.get_default_dtype()
        if dtype is not torch.float32 and _dtype_chosen_by in (0, threading.get_ident()):
            torch.set_default_dtype(torch.float32)
            log.warning(
                "After a step of %s torch's default dtype was %s: it is float32 again. "
                "It is shared by all jobs: pass dtype= instead.", self._owner, dtype
            )  # fmt: skip


def _autocast_again(torch: Any, device: str, dtype: Any) -> Callable[[], None]:
    def again() -> None:
        torch.set_autocast_dtype(device, dtype)
        torch.set_autocast_enabled(device, True)

    return again


def _mode_again(torch: Any, mode: Any) -> Callable[[], None]:
    return lambda: torch._C._push_on_torch_function_stack(mode)


class LaneTorch:
    """What torch is to know of a lane: how many processor threads, which stream of a card."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._is_warm = False
        self._card = ""
        self._stream: Any = None
        self._thread = 0
        self._threads = 0
        self._wanted = 0
        self._hook: Any = None

    def use_card(self, torch_name: str) -> None:
        """Say which device computes, as torch calls it; of several cards each has own streams."""
        self._card, self._stream = torch_name, None

    def begin_step(self, threads: int) -> None:
        """Prepare the calling thread for a step with ``threads`` threads; 0 for torch's own."""
        torch = _torch
        if torch is None:
            return
        if not self._is_warm:
            # The first question in a thread makes torch take over the last number any thread has
            # set; asked later it would undo ours.
            torch.get_num_threads()
            self._is_warm = True
            self._thread = threading.get_ident()
        self._forget_wish()
        if threads and torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        self._threads = threads
        if self._card.startswith("cuda") and torch.cuda.is_initialized():
            self._use_stream(torch)

    def go_on_with(self, threads: int) -> None:
        """Let the step at hand use ``threads`` threads from its next module on. From any thread.

        A step may take many seconds. Two lanes that both compute with all threads meanwhile would
        slow each other many times: the threads of one wait at their barriers for those of the
        other. So a hook on all modules is there, but only as long as there is something to change:
        it would cost every one of them microseconds.
        """
        torch = _torch
        if torch is None or not self._thread or threads in (0, self._threads, self._wanted):
            return
        self._wanted = threads
        if self._hook is None:
            modules = torch.nn.modules.module
            self._hook = modules.register_module_forward_pre_hook(self._at_a_module)

    def _at_a_module(self, module: Any, inputs: Any) -> None:
        if self._wanted and threading.get_ident() == self._thread:
            self._threads = self._wanted
            _torch.set_num_threads(self._threads)
            self._forget_wish()

    def _forget_wish(self) -> None:
        self._wanted = 0
        hook, self._hook = self._hook, None
        if hook is not None:
            hook.remove()

    def _use_stream(self, torch: Any) -> None:
        if self._stream is None:
            # Short answers overtake long work on the card, too. These streams do not wait for each
            # other: who copies weights must settle the device before lending them.
            is_urgent = self._lane is Lane.INTERACTIVE
            self._stream = torch.cuda.Stream(self._card, priority=-1 if is_urgent else 0)
        torch.cuda.set_stream(self._stream)
