"""The key of an installation: private, kept, replaced when it is lost, naming nobody."""

from __future__ import annotations

import getpass
import os
import socket
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509

from studio.base.paths import StudioPaths
from studio.library.provenance.installation_key import InstallationKey, is_signed, path_of
from studio.protocol.errors import ErrorCode, StudioError


@pytest.fixture
def paths(tmp_path: Path) -> StudioPaths:
    return StudioPaths(tmp_path / "home")


def test_a_key_is_made_once_and_kept(paths: StudioPaths) -> None:
    assert InstallationKey.if_any(paths) is None
    assert not path_of(paths).exists(), "looking makes none"
    made = InstallationKey.of(paths)
    assert InstallationKey.of(paths) == made == InstallationKey.if_any(paths)
    assert [path.name for path in path_of(paths).parent.iterdir()] == ["provenance.pem"]


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions")
def test_only_its_user_can_read_it(paths: StudioPaths) -> None:
    before = os.umask(0)
    try:
        made = InstallationKey.of(paths)
    finally:
        os.umask(before)
    path = path_of(paths)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.parent.stat().st_mode & 0o077
    path.chmod(0o644)
    assert InstallationKey.of(paths) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600, "what was opened to others is closed again"


def test_certificates_name_nobody_and_no_time(paths: StudioPaths) -> None:
    one, two = InstallationKey.of(paths), InstallationKey.of(StudioPaths(paths.home / "two"))
    told = [
        (c.subject.rfc4514_string(), c.issuer.rfc4514_string(), c.not_valid_before_utc)
        for key in (one, two)
        for c in x509.load_pem_x509_certificates(key.chain)
    ]
    assert told[:2] == told[2:], "two installations differ in nothing but their keys"
    assert one.public != two.public
    for name in (getpass.getuser(), socket.gethostname(), paths.home.name):
        assert name.lower() not in str(told).lower().replace("offline studio", "")


@pytest.mark.parametrize("data", [b"", b"\0" * 200_000, b"-----BEGIN X-----\n" * 3, b"half"])
def test_a_damaged_key_is_put_aside_and_told(paths: StudioPaths, data: bytes) -> None:
    first = InstallationKey.of(paths)
    path_of(paths).write_bytes(first.private if data == b"half" else data)
    made = InstallationKey.of(paths)
    assert made.public != first.public
    assert "could not be read" in made.news
    assert (path_of(paths).parent / "provenance.broken-1.pem").exists()
    assert InstallationKey.of(paths).news == ""


def test_a_key_with_the_certificate_of_another_is_none(paths: StudioPaths) -> None:
    first, other = InstallationKey.of(paths), InstallationKey.of(StudioPaths(paths.home / "two"))
    path_of(paths).write_bytes(first.private + other.chain)
    assert InstallationKey.if_any(paths) is None


def test_exports_that_begin_at_once_get_one_key(paths: StudioPaths) -> None:
    begin = threading.Barrier(8)

    def export(_: int) -> InstallationKey:
        begin.wait()
        return InstallationKey.of(paths)

    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(export, range(8)))
    assert keys == [InstallationKey.of(paths)] * 8
    assert [path.name for path in path_of(paths).parent.iterdir()] == ["provenance.pem"]


def test_two_studios_that_start_at_once_get_one_key(paths: StudioPaths) -> None:
    script = (
        "import sys; from pathlib import Path; from studio.base.paths import StudioPaths\n"
        "from studio.library.provenance.installation_key import InstallationKey\n"
        "sys.stdin.readline(); print(InstallationKey.of(StudioPaths(Path(sys.argv[1]))).public)"
    )
    command = [sys.executable, "-c", script, str(paths.home)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    keys = {process.communicate()[0] for process in started}
    assert keys == {InstallationKey.of(paths).public + "\n"}


def test_where_it_cannot_be_kept_it_says_so(paths: StudioPaths) -> None:
    paths.home.mkdir()
    paths.keys.write_text("in the way")
    with pytest.raises(StudioError, match="Could not save the key that signs") as caught:
        InstallationKey.of(paths)
    assert caught.value.code is ErrorCode.BAD_INPUT


def test_signatures_hold_for_what_was_signed_alone(paths: StudioPaths) -> None:
    key, other = InstallationKey.of(paths), InstallationKey.of(StudioPaths(paths.home / "two"))
    signature = key.sign(b"a file")
    assert is_signed(b"a file", signature, key.public)
    assert not is_signed(b"another", signature, key.public)
    assert not is_signed(b"a file", signature, other.public)
    assert not any(is_signed(b"a file", wrong, key.public) for wrong in ("", "zz", "00" * 64, "é"))
    assert not is_signed(b"a file", signature, "04" + "00" * 64)


def test_what_it_hides_it_alone_reveals(paths: StudioPaths) -> None:
    key, other = InstallationKey.of(paths), InstallationKey.of(StudioPaths(paths.home / "two"))
    hidden = key.hide("01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert key.reveal(hidden) == "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    assert hidden != key.hide("01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert [other.reveal(hidden), key.reveal(""), key.reveal("no hex"), key.reveal("ab" * 60)] == [
        ""
    ] * 4
