"""Asks the runtime for the shape of the molecule in view: after a pause, the latest wins."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from studio.api import JobHandle, JobRequest, PluginContext, StudioError
from studio.api.window.language import tr

TASK = "molecules.shape"
_AFTER_MS = 150
_KEPT = 200


class ConformerRequest(QObject):
    """Requests for conformers, one job at a time, with a cache.

    Signals:
        folded: The requested SMILES and the task's result.
        failed: The requested SMILES and a ``StudioError``.
    """

    folded = Signal(str, object)
    failed = Signal(str, object)

    def __init__(self, ctx: PluginContext) -> None:
        super().__init__()
        self._ctx = ctx
        self._wanted = self._at_work = ""
        self._job: JobHandle | None = None
        self._cache: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AFTER_MS)
        self._timer.timeout.connect(self._start)

    def ask(self, smiles: str) -> bool:
        """Queue a conformer; return whether it was cached and signalled already.

        A CXSMILES with 3D coordinates is shown as it is.
        """
        self._wanted = smiles
        if smiles in self._cache:
            self._timer.stop()
            self.folded.emit(smiles, self._cache[smiles])
            return True
        self._timer.start()
        return False

    def stop(self) -> None:
        """Nothing is wanted any more."""
        self._wanted = ""
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()

    def _start(self) -> None:
        if self._job is None:
            self._submit(self._wanted)
        elif self._at_work != self._wanted:
            self._job.cancel()  # its end starts the next

    def _submit(self, smiles: str) -> None:
        params = {"smiles": smiles, "seed": 1}
        try:
            job = self._ctx.tasks.submit(
                JobRequest(TASK, params, title=tr("Build 3-D"), keep=False)
            )
        except StudioError as error:
            self.failed.emit(smiles, error)
            return
        self._job, self._at_work = job, smiles
        job.on_done(lambda result: self._on_done(smiles, result))
        job.on_failed(lambda error: self._on_over(smiles, error))
        job.on_cancelled(lambda: self._on_over(smiles, None))

    def _on_done(self, smiles: str, shape: Mapping[str, Any]) -> None:
        self._cache[smiles] = shape
        while len(self._cache) > _KEPT:
            self._cache.popitem(last=False)
        if smiles == self._wanted:
            self.folded.emit(smiles, shape)
        self._on_over(smiles, None)

    def _on_over(self, smiles: str, error: StudioError | None) -> None:
        self._job = None
        if error is not None and smiles == self._wanted:
            self.failed.emit(smiles, error)
        elif self._wanted and self._wanted != smiles and self._wanted not in self._cache:
            self._submit(self._wanted)
