"""Hostile wheels are refused with the reason, before anything of them is unpacked or run."""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.plugins.install import archive
from studio.plugins.install.archive import Archive
from studio.plugins.install.host_packages import HostPackage, HostPackages, look
from studio.plugins.install.wheel import Wheel, read_wheel
from tests.unit.plugins.install.wheels import Draft, hashed, package, plainly, plugin

HOST = HostPackages(
    {"numpy": HostPackage("numpy", "2.4.6"), "pluggy": HostPackage("pluggy", "1.6.0")},
    {"numpy": "numpy", "pluggy": "pluggy", "studio_chat": "studio-plugin-chat"},
)


def read(draft: Draft, folder: Path) -> Wheel:
    return read_wheel(draft.write(folder), HOST)


def rules(wheel: Wheel) -> set[str]:
    return {finding.rule for finding in wheel.findings}


def test_a_good_plugin_is_accepted(tmp_path: Path) -> None:
    """The control of every refusal below."""
    wheel = read(plugin(requires=("numpy>=2",)), tmp_path)
    assert wheel.findings == ()
    assert (wheel.name, wheel.version, wheel.package) == ("counter", "1.0", "studio_counter")
    assert wheel.manifest is not None
    assert wheel.manifest.id == "counter"
    assert (wheel.publisher, wheel.licence) == ("A. Stranger", "MIT")
    assert wheel.requires == ("numpy>=2",)
    assert len(wheel.sha256) == 64


def test_a_good_package_is_accepted(tmp_path: Path) -> None:
    wheel = read(package("numpy", "1.26.4"), tmp_path)
    assert wheel.findings == ()
    assert not wheel.is_plugin


def test_folders_and_streamed_entries_are_no_tricks(tmp_path: Path) -> None:
    def streamed(path: Path, files: dict[str, bytes]) -> None:
        class Pipe:  # no seek: sizes follow the data
            def __init__(self) -> None:
                self.file = path.open("wb")

            def write(self, data: bytes) -> int:
                return self.file.write(data)

            def flush(self) -> None:
                self.file.flush()

        pipe = Pipe()
        with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as made:  # type: ignore[arg-type]
            made.writestr("studio_counter/", b"")
            for name, data in files.items():
                made.writestr(name, data)
        pipe.file.close()

    draft = plugin()
    draft.shape = streamed
    assert read(draft, tmp_path).findings == ()


# --- what a wheel holds -----------------------------------------------------------------------


def adding(name: str, data: bytes = b"print('I ran')\n") -> Callable[[Draft], None]:
    def change(draft: Draft) -> None:
        draft.files[name] = data

    return change


def setting(**values: object) -> Callable[[Draft], None]:
    def change(draft: Draft) -> None:
        for name, value in values.items():
            setattr(draft, name, value)

    return change


def record(change: Callable[[list[str]], list[str]]) -> Callable[[Draft], None]:
    return setting(record=change)


def manifest(old: str, new: str) -> Callable[[Draft], None]:
    def change(draft: Draft) -> None:
        name = "studio_counter/manifest.toml"
        text = draft.files[name].decode()
        assert old in text
        draft.files[name] = text.replace(old, new).encode()

    return change


def no_manifest(draft: Draft) -> None:
    del draft.files["studio_counter/manifest.toml"]


CONTENTS = [
    ("pth", adding("run.pth", b"import os\n")),
    ("site-hook", adding("sitecustomize.py")),
    ("site-hook", adding("usercustomize/__init__.py")),
    ("shadow", adding("numpy/__init__.py")),
    ("shadow", adding("NumPy/__init__.py")),
    ("data", adding("counter-1.0.data/scripts/studio", b"#!python\n")),
    ("data", adding("counter-1.0.data/purelib/other.py")),
    ("data", adding("counter-1.0.data/data/etc/profile")),
    ("ours", adding("studio_chat/__init__.py")),
    ("ours", adding("studio/api/__init__.py")),
    ("ours", setting(name="studio-plugin-chat")),
    ("ours", setting(name="offline-studio")),
    ("standard", adding("json/__init__.py")),
    ("own-package", adding("another/__init__.py")),
    ("own-package", adding("another.py")),
    ("compiled", adding("studio_counter/hidden.pyc")),
    ("record-hash", record(lambda rows: [row.replace("=", "=A", 1) for row in rows])),
    ("record-extra", record(lambda rows: rows[1:])),
    ("record-missing", record(lambda rows: [*rows, rows[0].replace("__init__", "gone")])),
    ("record-weak", record(lambda rows: [row.replace("sha256=", "md5=") for row in rows])),
    ("record", record(lambda rows: [*rows, rows[0]])),
    ("tags", setting(tag="cp27-cp27m-win32")),
    ("tags-differ", setting(wheel_tag="cp311-cp311-linux_x86_64")),
    ("python", setting(requires_python="<3")),
    ("metadata", setting(metadata_name="another")),
    ("link-requirement", setting(requires=("evil @ https://example.org/evil.whl",))),
    ("entry-points", setting(entry_points="[studio.plugins]\na = studio_counter\nb = b\n")),
    ("no-manifest", no_manifest),
    ("manifest", manifest('id = "counter"', 'id = "Counter!"')),
    ("manifest", manifest("studio_counter.worker", "studio_chat.worker")),
    ("api", manifest(">=1,<2", ">=7")),
    ("version", manifest('version = "1.0"', 'version = "1.1"')),
    ("manifest", manifest('title = "Counter"', r'title = "Counter\nSignature    valid"')),
    ("manifest", manifest('title = "Counter"', r'title = "Counter \u202Edilav"')),
    ("manifest", manifest('title = "Count"', r'title = "Co\u200Bunt"')),
    ("manifest", manifest('title = "Count"', r'title = "Count"' + "\nsummary = 'a\u2066b'")),
    ("manifest", manifest('title = "Counter"', r'title = "\u001B[2J"')),
    ("manifest", manifest("[[tasks]]", 'permissions.reasons.gpu = "a\\nb"\n[[tasks]]')),
    ("manifest", manifest("[[tasks]]", f"x = {'[' * 50_000}\n[[tasks]]")),
    ("entry-points", setting(entry_points="[studio.plugins]\ncounter = studio_сounter\n")),
]


@pytest.mark.parametrize(
    ("rule", "change"), CONTENTS, ids=[f"{i}-{rule}" for i, (rule, _) in enumerate(CONTENTS)]
)
def test_a_hostile_wheel_is_refused_with_the_reason(
    rule: str, change: Callable[[Draft], None], tmp_path: Path
) -> None:
    draft = plugin()
    change(draft)
    wheel = read(draft, tmp_path)
    assert rule in rules(wheel)


def test_a_package_may_not_bring_the_name_of_another(tmp_path: Path) -> None:
    """A package of the studio may come in another version, under its own name only."""
    draft = package("innocent")
    draft.files["pluggy/__init__.py"] = b""
    assert rules(read(draft, tmp_path)) == {"shadow"}


# --- how the archive is made ------------------------------------------------------------------


def named(name: str, kind: int = 0) -> Callable[[Path, dict[str, bytes]], None]:
    """Write an archive with one more entry."""

    def shape(path: Path, files: dict[str, bytes]) -> None:
        plainly(path, files)
        with zipfile.ZipFile(path, "a") as made:
            info = zipfile.ZipInfo("placeholder")
            info.filename = name
            if kind:
                info.create_system, info.external_attr = 3, (kind | 0o644) << 16
            made.writestr(info, b"/etc/passwd")

    return shape


def changed(change: Callable[[bytes], bytes]) -> Callable[[Path, dict[str, bytes]], None]:
    """Write an ordinary archive, then change its bytes."""

    def shape(path: Path, files: dict[str, bytes]) -> None:
        plainly(path, files)
        path.write_bytes(change(path.read_bytes()))

    return shape


def bomb(path: Path, files: dict[str, bytes]) -> None:
    plainly(path, {**files, "studio_counter/zeros.bin": bytes(8 << 20)})


def encrypted(data: bytes) -> bytes:
    out = bytearray(data)
    out[6] |= 1
    place = out.index(b"PK\x01\x02")
    out[place + 8] |= 1
    return bytes(out)


def overlapping(data: bytes) -> bytes:
    """Let the second entry point at the bytes of the first: how the strongest bombs are made."""
    out = bytearray(data)
    first = out.index(b"PK\x01\x02")
    second = out.index(b"PK\x01\x02", first + 4)
    out[second + 42 : second + 46] = out[first + 42 : first + 46]
    return bytes(out)


def two_names(data: bytes) -> bytes:
    out = bytearray(data)
    out[30] ^= 0x20  # the first letter of the name in the entry's own header
    return bytes(out)


def damaged(data: bytes) -> bytes:
    out = bytearray(data)
    place = out.index(b"studio_counter/schema.py") + len("studio_counter/schema.py")
    out[place + 5] ^= 0xFF
    return bytes(out)


def with_hole(data: bytes) -> bytes:
    """Hide bytes between the last file and the list of files."""
    start = struct.unpack("<L", data[-6:-2])[0]
    end = data[start:-6] + struct.pack("<L", start + 4) + data[-2:]
    return data[:start] + b"hide" + end


SHAPES = [
    ("path-outside", named("../escaped.py")),
    ("path-outside", named("studio_counter/../../escaped.py")),
    ("path-outside", named("..\\escaped.py")),
    ("path-absolute", named("/tmp/escaped.py")),
    ("path-absolute", named("C:/escaped.py")),
    ("path-odd", named("studio_counter/a:stream")),
    ("path-odd", named("studio_counter/trailing. ")),
    ("path-odd", named("studio_counter//twice.py")),
    ("path-odd", named("studio_counter/yp.\u202etxt")),
    ("path-device", named("studio_counter/NUL.txt")),
    ("path-long", named("studio_counter/" + "a" * 250)),
    ("link", named("studio_counter/link", stat.S_IFLNK)),
    ("link", named("studio_counter/pipe", stat.S_IFIFO)),
    ("case", named("studio_counter/SCHEMA.py")),
    ("case", named("Studio_Counter/other.py")),
    ("duplicate", named("studio_counter/schema.py")),
    ("duplicate", named("studio_counter/schema.py/inside.py")),
    ("bomb", bomb),
    ("encrypted", changed(encrypted)),
    ("overlap", changed(overlapping)),
    ("two-truths", changed(two_names)),
    ("damaged", changed(damaged)),
    ("hidden-data", changed(with_hole)),
    ("hidden-data", changed(lambda data: b"#!/bin/sh\n" + data)),
    ("not-a-zip", changed(lambda data: data + b"trailing")),
    ("not-a-zip", changed(lambda data: data[: len(data) // 2])),
    ("not-a-zip", changed(lambda data: b"")),
]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("rule", "shape"), SHAPES, ids=[f"{i}-{rule}" for i, (rule, _) in enumerate(SHAPES)]
)
def test_a_trick_of_the_archive_is_refused_with_the_reason(
    rule: str, shape: Callable[[Path, dict[str, bytes]], None], tmp_path: Path
) -> None:
    draft = plugin()
    draft.shape = shape
    assert rule in rules(read(draft, tmp_path))


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_damage_is_too_odd_to_be_told(data: st.DataObject, tmp_path: Path) -> None:
    """Whatever bytes are changed: it is read to the end, and what is accepted is unchanged."""
    path = plugin().write(tmp_path)
    whole = bytearray(path.read_bytes())
    lists = whole.index(b"PK\x01\x02")
    first = data.draw(st.sampled_from((0, lists, len(whole) - 22)))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(first, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(whole)
    wheel = read_wheel(path, HOST)
    if not wheel.findings:
        with Archive(path) as read:
            files = {name: b"".join(read.chunks(name)) for name in read.entries}
        assert files == plugin().all_files()


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.sampled_from(("METADATA", "WHEEL", "entry_points.txt", "manifest.toml")),
    place=st.integers(0, 400),
    more=st.binary(max_size=12)
    | st.sampled_from(
        [b"\xff\n", b"[", b"Requires-Dist: \n", b"Name: \xff\n", b"= \n", b"Tag: -\n"]
    ),
)
def test_no_word_of_its_makers_is_too_odd_to_be_told(
    name: str, place: int, more: bytes, tmp_path: Path
) -> None:
    def shape(path: Path, files: dict[str, bytes]) -> None:
        odd = {k: v[:place] + more + v[place:] if k.endswith(name) else v for k, v in files.items()}
        rows = [f"{k},{hashed(v)},{len(v)}" for k, v in odd.items() if not k.endswith("RECORD")]
        record = next(k for k in odd if k.endswith("RECORD"))
        odd[record] = "\n".join([*rows, f"{record},,", ""]).encode()
        plainly(path, odd)

    draft = plugin()
    draft.shape = shape
    wheel = read(draft, tmp_path)
    assert "record-hash" not in rules(wheel), "the control: the change itself is what is judged"
    str(wheel).encode()


def test_too_many_files_are_refused_before_they_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_ENTRIES", 5)
    assert rules(read(plugin(), tmp_path)) == {"too-many-files"}


def test_a_name_that_is_none_of_a_wheel_is_refused(tmp_path: Path) -> None:
    path = plugin().write(tmp_path)
    renamed = path.rename(tmp_path / "counter.whl")
    assert rules(read_wheel(renamed, HOST)) == {"file-name"}


# --- the studio's own environment -------------------------------------------------------------


def test_the_environment_is_looked_at_without_importing_it() -> None:
    host = look()
    assert host.version("pluggy")
    assert host.owner("PLUGGY") == "pluggy"
    assert host.owner("studio_no_such_package") is None
    assert host.is_standard("json")
    assert host.digest() == look().digest()
