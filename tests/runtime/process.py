"""A real runtime process at the other end of two pipes, as the supervisor would start it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

from studio.protocol.blobs import SHARED_ENV, SharedArea
from studio.protocol.link import Link, LinkClosed, handshake
from studio.protocol.messages import PROTOCOL_VERSION, Finished, Hello, Message, Report

PATIENCE = 120.0
START = "from studio.runtime.main import main; main()"


class RuntimeProcess:
    """Starts a runtime and keeps what it reports.

    Args:
        before: Python statements that run in the child before anything of the studio.
        path: Folders whose modules the child can import.
    """

    def __init__(self, folder: Path, *, before: str = "", path: Sequence[Path] = ()) -> None:
        self.area = SharedArea.create(folder)
        self.log = folder / "runtime.log"
        env = os.environ | {
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "OMP_NUM_THREADS": "1",
            "TMPDIR": str(folder),
        }
        if self.area:
            env[SHARED_ENV] = str(self.area.folder)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", f"{before}\n{START}"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                env=env,
                start_new_session=True,
            )
        self.link = Link.over(
            self.process.stdout, self.process.stdin, decode=Report, area=self.area
        )
        self.messages: list[Any] = []
        self.is_gone = False
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._listen, daemon=True)

    def greet(self, protocol: int = PROTOCOL_VERSION) -> Hello:
        """Exchange greetings and begin to listen."""
        theirs = handshake(self.link, Hello(protocol, "1.0", pid=os.getpid()), PATIENCE)
        self._reader.start()
        return theirs

    def send(self, message: Message) -> None:
        self.link.send(message)

    def wait(self, is_it: Callable[[Any], bool]) -> Any:
        """Return the first message of which ``is_it`` holds, waiting for it."""

        def find() -> Any:
            return next((each for each in self.messages if is_it(each)), None)

        with self._news:
            came = self._news.wait_for(lambda: find() is not None or self.is_gone, PATIENCE)
            assert came, self.explain()
            assert find() is not None, self.explain()
            return find()

    def finished(self, job: str) -> Finished:
        found: Finished = self.wait(lambda each: isinstance(each, Finished) and each.job == job)
        return found

    def explain(self) -> str:
        return f"last messages {self.messages[-3:]}, log:\n{self.log.read_text()[-3000:]}"

    def children(self) -> list[psutil.Process]:
        found: list[psutil.Process] = psutil.Process(self.process.pid).children(recursive=True)
        return found

    def close(self) -> None:
        """End it for certain, and everything it started."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        self.link.close()
        if self._reader.ident:
            self._reader.join(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout):
            pipe.close()  # type: ignore[union-attr]
        if self.area:
            self.area.close()

    def _listen(self) -> None:
        while True:
            try:
                received = self.link.receive()
            except LinkClosed:
                received = None
            with self._news:
                if received is None:
                    self.is_gone = True
                else:
                    self.messages.append(received.message)
                self._news.notify_all()
            if received is None:
                return
