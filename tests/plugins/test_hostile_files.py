"""Hostile wheels and bundles, handed to the installer: none gets through, and each is told why."""

from __future__ import annotations

import hashlib
import json
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.plugins import PluginHost
from studio.plugins.install.bundle import DamagedBundle
from studio.plugins.install.host_packages import HostPackages, look
from studio.plugins.install.installer import Installer, Refused
from studio.plugins.install.minisign import SecretKey, sign
from studio.plugins.install.store import PluginStore
from studio.protocol.errors import StudioError
from studio.testing.plugins import MemorySettings
from tests.unit.plugins.install.test_bundle import key
from tests.unit.plugins.install.test_wheel import CONTENTS, SHAPES, manifest, setting
from tests.unit.plugins.install.wheels import Draft, package, plugin

Change = Callable[[Draft], Any]
TITLES = ["Chat", "chat ", "Сhat", "CHAT!", "P1ctures", "Settings", "Offline Studio", "Çhat"]
MORE: list[tuple[str, Change]] = [
    ("title-taken", manifest('title = "Counter"', f'title = "{title}"')) for title in TITLES
]
PAGES = 'pages = [{id = "counter.page", title = "Music", tasks = ["counter.count"]}]'
MORE.append(("title-taken", manifest("[[tasks]]", f"{PAGES}\n[[tasks]]")))


def shaped(shape: Any) -> Change:
    return setting(shape=shape)


WHEELS = [*CONTENTS, *((rule, shaped(shape)) for rule, shape in SHAPES), *MORE]


@pytest.fixture(scope="module")
def host() -> HostPackages:
    return look()


@pytest.fixture
def installer(tmp_path: Path, host: HostPackages) -> Installer:
    """Of a studio with its own plugins."""
    plugins = PluginHost(MemorySettings(), tmp_path / "journals").plugins
    ours = [each.manifest for each in plugins if each.shipped and each.manifest]
    assert ours, "the control: there are plugins of ours"
    store = PluginStore(tmp_path / "home/plugins", tmp_path / "home/journals")
    taken = {each.id: each.title for each in plugins}
    return Installer(store, taken=taken, ours=ours, look=lambda: host)


def refused(installer: Installer, path: Path, by: type[StudioError] = StudioError) -> StudioError:
    """Return why; nothing may be there after it, and what is said is one printable line."""
    with pytest.raises(by) as caught, installer.read(str(path), [path.parent]) as plan:
        installer.install(plan)
    assert not (installer.store.folder / "versions").exists()
    for words in (caught.value.message, caught.value.hint):
        assert not [c for c in words if unicodedata.category(c)[0] == "C"], repr(words)
    return caught.value


def test_a_good_wheel_gets_through(installer: Installer, tmp_path: Path) -> None:
    """The control of all below."""
    with installer.read(str(plugin().write(tmp_path / "wheels"))) as plan:
        assert installer.install(plan).plugins.keys() == {"counter"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("rule", "change"), WHEELS, ids=[f"{i}-{rule}" for i, (rule, _) in enumerate(WHEELS)]
)
def test_no_hostile_wheel_gets_through(
    rule: str, change: Change, installer: Installer, tmp_path: Path
) -> None:
    draft = plugin()
    change(draft)
    error = refused(installer, draft.write(tmp_path / "wheels"))
    if isinstance(error, Refused):
        assert rule in {each.rule for each in error.findings}


# --- bundles ----------------------------------------------------------------------------------


class Bundle:
    """A bundle that is not written yet: what it says, and its files."""

    def __init__(self, *wheels: Path) -> None:
        self.files = {f"wheels/{each.name}": each.read_bytes() for each in wheels}
        self.about: dict[str, Any] = {
            "format": 1, "id": "counter", "version": "1.0", "wheel": wheels[0].name,
            "files": {
                each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in wheels
            },
        }  # fmt: skip
        self.signs: SecretKey | None = None
        self.says_key: str | None = None

    def write(self, path: Path) -> Path:
        """Write it, signed if it is to be."""
        if self.signs:
            self.about.setdefault("key", self.says_key or self.signs.public)
        told = json.dumps(self.about).encode()
        with zipfile.ZipFile(path, "w") as made:
            made.writestr("bundle.json", told)
            if self.signs:
                made.writestr("bundle.json.minisig", sign(self.signs, told, "trust me"))
            for name, data in self.files.items():
                made.writestr(name, data)
        return path


def swap(bundle: Bundle) -> None:
    [name] = bundle.files
    bundle.files[name] = bundle.files[name][:-1] + b"x"


def escape(bundle: Bundle) -> None:
    bundle.files["wheels/../../escaped.py"] = b"print('out')"


def unlisted(bundle: Bundle) -> None:
    bundle.files["wheels/more-1.0-py3-none-any.whl"] = b"PK"


def absent(bundle: Bundle) -> None:
    bundle.about["files"]["gone-1.0-py3-none-any.whl"] = "0" * 64


def script(bundle: Bundle) -> None:
    bundle.about["files"] = {"run.sh": hashlib.sha256(b"x").hexdigest()}
    bundle.files = {"wheels/run.sh": b"x"}


def other_key(bundle: Bundle) -> None:
    bundle.signs, bundle.says_key = key(2), key(1).public


def signed(change: Callable[[Bundle], Any]) -> Callable[[Bundle], Any]:
    def both(bundle: Bundle) -> None:
        bundle.signs = key(1)
        change(bundle)

    return both


def saying(**words: Any) -> Callable[[Bundle], Any]:
    return lambda bundle: bundle.about.update(words)


BUNDLES: dict[str, Callable[[Bundle], Any]] = {
    "another id": saying(id="chat"),
    "another id, signed": signed(saying(id="poem")),
    "another version": saying(version="9.9"),
    "another version, signed": signed(saying(version="9.9")),
    "another key than it was signed with": other_key,
    "a key without a signature": saying(key=key(1).public),
    "a key that is none": signed(saying(key="not a key")),
    "changed wheel": swap,
    "changed wheel, signed": signed(swap),
    "path outside": escape,
    "more than it lists": unlisted,
    "less than it lists": absent,
    "no wheels": script,
    "a newer format": saying(format=2),
    "an unknown word": saying(trust=True),
    "another wheel": saying(wheel="gone-1.0-py3-none-any.whl"),
}


def test_a_good_bundle_gets_through(installer: Installer, tmp_path: Path) -> None:
    """The control of all below."""
    bundle = Bundle(plugin().write(tmp_path))
    bundle.signs = key(1)
    with installer.read(str(bundle.write(tmp_path / "a.studioplugin"))) as plan:
        assert plan.record.key == key(1).public


@pytest.mark.parametrize("change", BUNDLES.values(), ids=BUNDLES)
def test_no_hostile_bundle_gets_through(
    change: Callable[[Bundle], Any], installer: Installer, tmp_path: Path
) -> None:
    bundle = Bundle(plugin().write(tmp_path))
    change(bundle)
    error = refused(installer, bundle.write(tmp_path / "a.studioplugin"))
    assert isinstance(error, DamagedBundle | Refused)
    assert not (tmp_path.parent / "escaped.py").exists()


def test_the_name_of_a_file_is_shown_in_one_line(installer: Installer, tmp_path: Path) -> None:
    """It may say whatever a line of the sheet says."""
    bundle = Bundle(plugin().write(tmp_path))
    path = bundle.write(tmp_path / "a\nSignature    signed by X\u202e.studioplugin")
    with installer.read(str(path)) as plan:
        assert plan.record.source == "a Signature signed by X.studioplugin"


def test_a_hostile_package_comes_with_no_bundle(installer: Installer, tmp_path: Path) -> None:
    needed = package("innocent")
    needed.files["innocent.pth"] = b"import os"
    bundle = Bundle(
        plugin(requires=("innocent",)).write(tmp_path), needed.write(tmp_path)
    )  # fmt: skip
    assert (
        "every start of Python"
        in refused(installer, bundle.write(tmp_path / "a.studioplugin"), Refused).message
    )
