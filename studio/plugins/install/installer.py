"""Installs, enables, removes and takes back plugins of others. Slow: never on a window's thread."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from studio.api.manifest import Manifest, parse_manifest
from studio.base import disk
from studio.plugins.discovery import MANIFEST
from studio.plugins.eligibility import taken_title
from studio.plugins.finding import Finding
from studio.plugins.install import bundle, trial
from studio.plugins.install import source as sources
from studio.plugins.install.host_packages import HostPackages, look, this_python
from studio.plugins.install.minisign import SecretKey
from studio.plugins.install.plan import IN_STUDIO, Before, Plan, Widening, gains
from studio.plugins.install.records import BUNDLE, Installed, LockedPackage, PluginSet, Record
from studio.plugins.install.resolver import Choice, Progress, resolve
from studio.plugins.install.source import Source
from studio.plugins.install.store import PluginStore
from studio.plugins.install.unpack import fetch, unpack
from studio.plugins.install.wheel import Wheel, one_line, read_wheel
from studio.protocol.errors import ErrorCode, StudioError


class Refused(StudioError):
    """Something handed over that will not be installed.

    Attributes:
        findings: All that is wrong with it.
    """

    def __init__(self, what: str, findings: Sequence[Finding]) -> None:
        """Tell the first finding; the others are details."""
        first = findings[0]
        place = f" ({first.file})" if first.file and first.file not in first.message else ""
        more = f" {len(findings) - 1} more findings." if len(findings) > 2 else ""
        more = " 1 more finding." if len(findings) == 2 else more
        super().__init__(
            ErrorCode.BAD_INPUT,
            f"{one_line(what)} cannot be installed. {one_line(first.message + place, 600)}{more}",
            first.cure or "Nothing of it was unpacked or run. Tell its author.",
            "\n".join(f"{finding.rule}: {finding.message} {finding.file}" for finding in findings),
        )
        self.findings = tuple(findings)


class Installer:
    """Changes the installed set, one atomic change at a time."""

    def __init__(
        self,
        store: PluginStore,
        *,
        taken: Mapping[str, str] | None = None,
        ours: Sequence[Manifest] = (),
        needs_sandbox: bool = True,
        look: Callable[[], HostPackages] = look,
    ) -> None:
        """Change ``store``.

        Args:
            taken: Ids of plugins that the store does not hold → who has them.
            ours: The manifests of the studio's own plugins.
            needs_sandbox: Code is tried in a sandbox or, where there is none, not at all.
            look: Finds out what is in the studio's environment.
        """
        self.store = store
        self._taken, self._ours = dict(taken or {}), tuple(ours)
        self._look, self._needs_sandbox = look, needs_sandbox

    # --- installing ---------------------------------------------------------------------------

    @contextmanager
    def read(
        self, given: str, folders: Sequence[Path] = (), progress: Progress = lambda _: None
    ) -> Iterator[Plan]:
        """Read a plugin and choose its packages, changing nothing; the plan holds in the block.

        Args:
            given: A wheel, a bundle, a folder of wheels, or a name.
            folders: More folders with wheels.
            progress: Called with each step; may end it with ``Cancelled``.

        Raises:
            Refused: It is not as it should be; with all findings.
            StudioError: It is not there, a package is missing, or packages do not fit together.
        """
        with tempfile.TemporaryDirectory(prefix="studio-plugin-") as folder:
            work = Path(folder)
            try:
                progress(f"Reading {Path(given).name}…")
                path = Path(given).expanduser()
                if path.suffix == BUNDLE and path.is_file():
                    source = bundle.open_bundle(path, work)
                else:
                    by_id = self.before(given) if folders and not path.exists() else None
                    name = by_id.record.lock[0].name if by_id else given  # as its wheels have it
                    source = sources.find(name, folders)
                plan = self._plan(source, work, progress)
            except OSError as error:
                raise disk.explain(error, "read the plugin", Path(given)) from error
            yield plan  # what goes wrong in the block is no fault of the file

    def _plan(self, source: Source, work: Path, progress: Progress) -> Plan:
        host = self._look()
        own = work / "plugin"
        own.mkdir()
        progress(f"Checking {source.wheel.name}…")
        # A copy: nobody changes it any more, and no other wheel lies beside it.
        wheel = self._good(Path(shutil.copy(source.wheel, own)), host, source)
        if not wheel.is_plugin or wheel.manifest is None:
            raise Refused(source.wheel.name, [Finding("no-plugin", "It is not a plugin.")])
        is_it = (wheel.manifest.id, wheel.manifest.version)
        if source.says and source.says != is_it:
            words = f"It claims to hold {' '.join(source.says)}, but holds {' '.join(is_it)}."
            raise Refused(source.name, [Finding("bundle-id", words)])
        if title := taken_title(wheel.manifest, self._ours):
            words = f"Its title “{title}” reads like that of a part of Offline Studio."
            cure = "Ask its author for a version with another title."
            raise Refused(source.wheel.name, [Finding("title-taken", words, cure=cure)])
        self._check_id(wheel, wheel.manifest)
        in_studio = wheel.manifest.isolation == IN_STUDIO
        choices = resolve(wheel, source.folders, host, work, progress, in_studio=in_studio)
        packages = [self._locked(choice, host, source, progress) for choice in choices[1:]]
        lock = [_locked(wheel), *(locked for locked, _ in packages)]
        wheels = {wheel.path.name: wheel.path}
        wheels |= {brought.path.name: brought.path for _, brought in packages if brought}
        native = [
            package
            for package in (wheel, *(w for _, w in packages if w))
            if package.has_native_code
        ]
        manifest = wheel.manifest
        record = Record(
            id=manifest.id,
            title=manifest.title,
            version=manifest.version,
            package=wheel.package,
            manifest=wheel.manifest_text,
            digest=wheel.sha256,
            source=one_line(source.name),
            lock=tuple(lock),
            publisher=wheel.publisher,
            licence=wheel.licence,
            summary=wheel.summary,
            key=source.key,
            python=this_python(),
        )
        if why := self.store.denied.against(record.identity):
            raise Refused(source.wheel.name, [Finding("denied", why, cure="Nothing was changed.")])
        names = tuple(package.name for package in native)
        return Plan(record, manifest, wheels, self.before(manifest.id), names)

    def _good(self, path: Path, host: HostPackages, source: Source) -> Wheel:
        """Read a wheel, and refuse it unless all is well with it."""
        wheel = read_wheel(path, host)
        vouched = dict(source.digests)
        if vouched and vouched.get(path.name) != wheel.sha256:
            changed = Finding("digest", "It is not the file that the bundle names.", path.name)
            raise Refused(source.name, [changed])
        if wheel.findings:
            raise Refused(path.name, wheel.findings)
        return wheel

    def _locked(
        self, choice: Choice, host: HostPackages, source: Source, progress: Progress
    ) -> tuple[LockedPackage, Wheel | None]:
        if choice.wheel is None:
            return LockedPackage(choice.name, choice.version), None
        progress(f"Checking {choice.wheel.name}…")
        wheel = self._good(choice.wheel, host, source)
        if wheel.is_plugin:
            second = Finding("second-plugin", f"It needs {wheel.name}, which is a plugin itself.")
            raise Refused(source.name, [second])
        return _locked(wheel), wheel

    def _check_id(self, wheel: Wheel, manifest: Manifest) -> None:
        what, who = f"id “{manifest.id}”", self._taken.get(manifest.id, "")
        before = self.before(manifest.id)
        if before and before.record.lock[0].name != wheel.name:
            who = f"{before.record.title} ({before.record.lock[0].name})"
        for id in self.store.current().plugins:
            other = self.before(id)
            if other and id != manifest.id and other.record.package == wheel.package and not who:
                what, who = f"package {wheel.package}", other.record.title
        if who:
            message = f"Its {what} is already used by {who}."
            cure = f"Remove {who} first, or ask for a version that is called otherwise."
            if manifest.id in self._taken:
                cure = "Ask its author for a version with another id."
            raise Refused(wheel.path.name, [Finding("id-taken", message, cure=cure)])

    def install(self, plan: Plan, progress: Progress = lambda _: None) -> PluginSet:
        """Install a plan; a new plugin stays off until it is enabled.

        Raises:
            StudioError: Nothing was changed; says why.
        """
        with self.store.changing() as change:
            self._check_space(plan)
            now = self.before(plan.record.id)
            if now != plan.before:
                raise StudioError(
                    ErrorCode.BUSY,
                    f"{plan.record.title} was changed while you were reading.",
                    "Look at it again.",
                )
            folder, record = change.add(lambda new: self._fill(new, plan, progress))
            was = self.store.current().plugins.get(record.id)
            installed = Installed(folder)
            if was and was.enabled:
                installed = self._tried(Installed(folder, True), record, progress)
            done = f"Installed {record.title} {record.version}"
            if now and now.record.version == record.version:
                done += " again"
            elif was:
                done = f"Updated {record.title} to {record.version}"
            return change.put(record.id, installed, done)

    def _fill(self, folder: Path, plan: Plan, progress: Progress) -> Record:
        wheels = folder / "wheels"
        wheels.mkdir()
        for package in plan.record.brings:
            progress(f"Copying {package.name} {package.version}…")
            fetch(plan.wheels[package.file], wheels / package.file, package.sha256)
        unpack(wheels, plan.record.brings, folder / "site", progress)
        return plan.record

    def _check_space(self, plan: Plan) -> None:
        folder = self.store.folder
        while not folder.exists():
            folder = folder.parent
        if disk.free_bytes(folder) < plan.size * 11 // 10:
            raise StudioError(
                ErrorCode.DISK_FULL,
                f"There is not enough space to install {plan.record.title}: it needs "
                f"{disk.as_size(plan.size)}.",
                "Free up disk space, then try again.",
            )

    # --- what is installed --------------------------------------------------------------------

    def before(self, id: str) -> Before | None:
        """Return the installed version of a plugin; None if missing or damaged."""
        installed = self.store.current().plugins.get(id)
        if installed is None:
            return None
        record = self._record(installed)
        return Before(record, manifest_of(record), installed.enabled) if record else None

    def enable(self, id: str, progress: Progress = lambda _: None) -> PluginSet:
        """Let a plugin take part, with all that its manifest asks for: try it, then switch.

        Raises:
            StudioError: It is not installed, or does not work; nothing was changed then.
        """
        with self.store.changing() as change:
            installed = self._installed(id)
            if installed.enabled:
                return self.store.current()
            record = self.store.record(installed)
            return change.put(
                id,
                self._tried(installed, record, progress),
                f"Enabled {record.title} {record.version}",
            )

    def _tried(self, installed: Installed, record: Record, progress: Progress) -> Installed:
        manifest = manifest_of(record)
        if manifest is None:
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                f"{record.title} {record.version} was not made for this version of the studio.",
                "Install another version of it.",
            )
        if why := self.store.denied.against(record.identity):
            raise StudioError(ErrorCode.UNSUPPORTED, f"{record.title} is not enabled.", why)
        self._check_lent(record)
        done = trial.attempt(
            manifest,
            self.store.site(installed),
            record.lends,
            progress,
            in_studio=manifest.isolation == IN_STUDIO,
            needs_sandbox=self._needs_sandbox,
        )
        return msgspec.structs.replace(
            installed,
            enabled=True,
            granted=manifest.permissions,
            schemas=dict(done.schemas),
            tier=done.tier,
        )

    def _check_lent(self, record: Record) -> None:
        host = self._look()
        for package in record.lock:
            here = host.version(package.name)
            if package.is_lent and here != package.version:
                raise StudioError(
                    ErrorCode.UNSUPPORTED,
                    f"{record.title} was installed for {package.name} {package.version}; the "
                    f"studio has {here or 'none'} now.",
                    "Install the plugin again: its packages are chosen again.",
                )

    def remove(self, id: str) -> PluginSet:
        """Remove a plugin; its artifacts stay in the library, and removal can be undone.

        Raises:
            StudioError: It is not installed here.
        """
        with self.store.changing() as change:
            self._installed(id)
            before = self.before(id)
            return change.remove(id, before.record.title if before else id)

    def widenings(self, number: int = 0) -> list[Widening]:
        """Return what may do more than now once an earlier set is gone back to; see ``roll_back``.

        It has to be asked about first: the user allowed it once, and may have taken that back.
        """
        earlier = self.store.earlier(number)
        wider = []
        for id, installed in (earlier.plugins if earlier else {}).items():
            manifest = manifest_of(record) if (record := self._record(installed)) else None
            if not installed.enabled or record is None or manifest is None:
                continue
            now = self.before(id)
            had = now.manifest if now and now.enabled else None
            new = tuple(gains(had, manifest))
            if new:
                wider.append(Widening(record.title, record.version, manifest, new))
        return wider

    def roll_back(self, number: int = 0) -> PluginSet:
        """Go back to an earlier set, by default the last that differs.

        Raises:
            StudioError: There is no such set.
        """
        with self.store.changing() as change:
            return change.go_back(number)

    def clean(self) -> int:
        """Delete all that only earlier sets need; returns the bytes that this freed.

        Raises:
            StudioError: The plugins are being changed, or the disk refuses.
        """
        with self.store.changing() as change:
            size = self.store.size_of_past()
            change.clean()
        return size

    def _record(self, installed: Installed) -> Record | None:
        try:
            return self.store.record(installed)
        except StudioError:
            return None

    def export(self, id: str, path: Path, key: SecretKey | None = None) -> Path:
        """Write the bundle of an installed plugin to ``path``, a file or a folder; return the file.

        Raises:
            StudioError: It is not installed here, or the disk refuses.
        """
        installed = self._installed(id)
        record = self.store.record(installed)
        if path.is_dir():
            path = path / f"{record.id}-{record.version}{BUNDLE}"
        elif path.suffix != BUNDLE:  # nobody could install it
            path = path.with_name(path.name + BUNDLE)
        try:
            bundle.write(path, record, self.store.wheels(installed), key)
        except OSError as error:
            missing = path if path.parent.exists() else path.parent
            raise disk.explain(error, "write the bundle", missing) from error
        return path

    def _installed(self, id: str) -> Installed:
        installed = self.store.current().plugins.get(id)
        if installed is None:
            ids = ", ".join(sorted(self.store.current().plugins)) or "none"
            raise StudioError(
                ErrorCode.NOT_FOUND,
                f"No plugin called “{id}” was installed by the studio.",
                f"Installed: {ids}.",
            )
        return installed


def manifest_of(record: Record) -> Manifest | None:
    """Return the manifest of a version; None if this version of the studio cannot read it."""
    try:
        return parse_manifest(record.manifest.encode(), Path(MANIFEST))
    except StudioError:
        return None


def _locked(wheel: Wheel) -> LockedPackage:
    return LockedPackage(
        wheel.name,
        wheel.version,
        wheel.path.name,
        wheel.sha256,
        wheel.size,
        wheel.unpacked,
        wheel.licence,
    )
