"""Docks ligands into one target: known ones come from the cache, the rest run in parallel."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from studio.api import ErrorCode, Event, SandboxLimits, SandboxRequest, StudioError, TaskContext
from studio_molecules.docking import program
from studio_molecules.docking.ligands import prepare
from studio_molecules.docking.targets import Target

_ENERGY = re.compile(r"^REMARK VINA RESULT:\s+(-?[\d.]+)", re.MULTILINE)
_BATCH = 8
"""Ligands of one run: they share its start and the maps of the pocket."""
_KEPT = 20_000
"""Results in the cache; the oldest go first."""
_SECONDS = 600.0
"""For one ligand at most."""


@dataclass(frozen=True)
class Search:
    """How hard Vina looks.

    Attributes:
        exhaustiveness: Independent searches.
        poses: How many are kept.
        seed: What they are drawn with.
    """

    exhaustiveness: int
    poses: int
    seed: int


class Docking:
    """Vina for one target and one search.

    Attributes:
        failed: SMILES → why it could not be docked.
    """

    def __init__(self, ctx: TaskContext, target: Target, search: Search) -> None:
        self._ctx, self._target, self._search = ctx, target, search
        self._folder = ctx.cache / "docking"
        self._folder.mkdir(parents=True, exist_ok=True)
        self.failed: dict[str, str] = {}

    def dock(
        self, ligands: Mapping[str, str], done: int = 0, total: int = 0
    ) -> Generator[Event | None, None, dict[str, str]]:
        """Return the poses of each ligand as PDBQT, the best first; a step for each.

        Args:
            ligands: SMILES → PDBQT.
            done, total: For the progress.

        Raises:
            StudioError: There is no sandbox, or Vina cannot run in it.
        """
        results = {smiles: cached for smiles in ligands if (cached := self._known(ligands[smiles]))}
        left = [smiles for smiles in ligands if smiles not in results]
        total = total or len(ligands)
        for start in range(0, len(left), _BATCH):
            part = left[start : start + _BATCH]
            batch = {smiles: ligands[smiles] for smiles in part}
            results |= yield from self._run(batch, done + len(results), total)
        return results

    def energy(self, smiles: str) -> float | None:
        """Return the energy of the best pose in kcal/mol, None where it cannot be docked.

        Blocks; to be called beside the steps of a task.

        Raises:
            Cancelled: The task is to stop.
        """
        try:
            ligand = prepare(smiles, self._search.seed)
        except StudioError as error:
            self.failed[smiles] = error.message
            return None
        with closing(self.dock({smiles: ligand})) as steps:
            while True:
                self._ctx.check_cancelled()
                try:
                    next(steps)
                except StopIteration as end:
                    poses: str = end.value.get(smiles, "")
                    match = _ENERGY.search(poses)
                    return float(match[1]) if match else None

    def _run(
        self, ligands: Mapping[str, str], done: int, total: int
    ) -> Generator[Event | None, None, dict[str, str]]:
        names = {f"ligand{number}.pdbqt": smiles for number, smiles in enumerate(ligands)}
        request = self._request(names, ligands)
        results: dict[str, str] = {}
        result, text, read = None, b"", 0
        yield self._ctx.progress(done, total, self._words(done, total))
        with closing(self._ctx.sandbox.run(request)) as steps:
            for step in steps:
                *lines, text = (text + step.stdout).split(b"\n")
                result = step.result or result
                for smiles, poses in self._read(lines, names):
                    self._keep(ligands[smiles], poses)  # at once: a run that is killed goes on
                    results[smiles] = poses
                if lines:
                    read += len(lines)
                    yield self._ctx.progress(done + read, total, self._words(done + read, total))
                else:
                    yield None
        missing = [
            smiles for smiles in ligands if smiles not in results and smiles not in self.failed
        ]
        if missing and result is not None and not results:
            words = result.stderr.decode("utf-8", "replace").strip().splitlines()
            raise StudioError(
                ErrorCode.INTERNAL,
                f"Vina did not run: {words[-1][:200] if words else result.ended}.",
                "Try fewer ligands or a smaller box.",
            )
        is_late = result is not None and result.ended in ("wall time", "cpu time")
        self.failed |= dict.fromkeys(missing, "it took too long" if is_late else "Vina ended early")
        return results

    def _read(self, lines: Sequence[bytes], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Yield SMILES and poses of the ligands that lines tell of; note those that failed."""
        for line in lines:
            try:
                report: Mapping[str, Any] = json.loads(line)
                smiles = names[str(report["ligand"])]
            except (ValueError, KeyError, TypeError):
                continue  # Vina's own words
            if poses := report.get("poses"):
                yield smiles, str(poses)
            else:
                self.failed[smiles] = str(report.get("error") or "no pose was found")

    def _words(self, done: int, total: int) -> str:
        return f"{done:,} of {total:,} docked into {self._target.name}"

    def _request(self, names: Mapping[str, str], ligands: Mapping[str, str]) -> SandboxRequest:
        threads = max(1, min(8, os.cpu_count() or 1, self._search.exhaustiveness))
        settings = {
            "ligands": list(names),
            "center": self._target.center,
            "size": self._target.size,
            "exhaustiveness": self._search.exhaustiveness,
            "poses": self._search.poses,
            "seed": self._search.seed & 0x7FFFFFFF,
            "threads": threads,
        }
        files = {
            "dock.py": Path(program.__file__).read_bytes(),
            "receptor.pdbqt": self._target.pdbqt.encode(),
            "settings.json": json.dumps(settings).encode(),
            **{name: ligands[smiles].encode() for name, smiles in names.items()},
        }
        seconds = _SECONDS * len(names)
        limits = SandboxLimits(
            wall_seconds=seconds,
            cpu_seconds=int(seconds) * threads,
            memory_bytes=4 << 30,
            output_bytes=16 << 20,
        )
        return SandboxRequest(("python", "dock.py"), files, packages=("vina",), limits=limits)

    # --- the cache ----------------------------------------------------------------------------

    def _path(self, ligand: str) -> Path:
        parts = [
            version("vina"),
            self._target.pdbqt,
            self._target.center,
            self._target.size,
            self._search.exhaustiveness,
            self._search.poses,
            self._search.seed,
            ligand,
        ]
        return self._folder / hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _known(self, ligand: str) -> str:
        try:
            return self._path(ligand).read_text("ascii")
        except (OSError, ValueError):  # not there, or not whole: it is docked again
            return ""

    def _keep(self, ligand: str, docked: str) -> None:
        path = self._path(ligand)
        partial = path.with_suffix(".partial")
        partial.write_text(docked, "ascii")
        partial.replace(path)
        _forget_oldest(list(self._folder.iterdir()))


def _forget_oldest(paths: Sequence[Path]) -> None:
    if len(paths) > _KEPT:
        for path in sorted(paths, key=lambda entry: entry.stat().st_mtime)[: _KEPT // 10]:
            path.unlink(missing_ok=True)
