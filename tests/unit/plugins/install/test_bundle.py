"""One file carries a plugin to another machine; whoever changes a byte of it is found out."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from studio.plugins.install import minisign
from studio.plugins.install.bundle import DamagedBundle
from studio.plugins.install.minisign import SecretKey
from studio.protocol.errors import StudioError
from tests.unit.plugins.install.conftest import Shop
from tests.unit.plugins.install.wheels import package, plugin

nacl = pytest.importorskip("nacl.signing", reason="PyNaCl is not installed: run the setup")

# Made by minisign 0.12 itself, without a password; the signature is of b"hello\n".
REAL_PUBLIC = "RWTV1PntS62ZbWr6OyUtEX5R0xa3Zu/7sAUIYKOfP8v6BSnaFxRw5xIh"
REAL_SECRET = """untrusted comment: minisign encrypted secret key
RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA1dT57UutmW1hKkECFosJmZKK\
M6ceZwwZPDVI8asiRrSbTWZVBrYxr2r6OyUtEX5R0xa3Zu/7sAUIYKOfP8v6BSnaFxRw5xIhAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
AAAAAAAAAAAAAAA=
"""
REAL_SIGNATURE = """untrusted comment: signature from minisign secret key
RUTV1PntS62ZbeORwCRZoPolL1fY108hOkadOxltvV8TsM+m0VSc/DXETX6CP3aCU4Jh/PTaWN9faM26WbrdvGEuTgusi5gjBgU=
trusted comment: counter 1.0
C3PdWOjV8ZyerA03oqzEG2mdBEmSPDUGq84xP8nLgu15XjpYsDf30NFqDrq09O0v9USUcqiOnLY8RVxBwpE+Bg==
"""


def secret_file(seed: bytes = bytes(range(32)), number: bytes = b"12345678") -> str:
    """Write an unencrypted key file as `minisign -G -W` does."""
    secret = seed + bytes(nacl.SigningKey(seed).verify_key)
    checksum = hashlib.blake2b(b"Ed" + number + secret, digest_size=32).digest()
    data = b"Ed" + b"\0\0" + b"B2" + bytes(48) + number + secret + checksum
    return f"untrusted comment: minisign secret key\n{base64.b64encode(data).decode()}\n"


def key(seed: int = 1) -> SecretKey:
    def nobody() -> str:
        raise AssertionError("there is no password")

    return minisign.read_secret_key(secret_file(bytes([seed]) * 32), nobody)


@pytest.fixture
def exported(shop: Shop, tmp_path: Path) -> Path:
    package("alpha").write(shop.wheels)
    shop.put(plugin(requires=("alpha",)))
    (tmp_path / "stick").mkdir()
    return shop.installer.export("counter", tmp_path / "stick", key())


def test_a_bundle_is_all_another_machine_needs(shop: Shop, exported: Path, tmp_path: Path) -> None:
    assert exported.name == "counter-1.0.studioplugin"
    (tmp_path / "other/journals").mkdir(parents=True)
    other = Shop(tmp_path / "other", tmp_path / "empty", shop.host)
    with other.installer.read(str(exported)) as plan:
        other.installer.install(plan)
    there, here = (
        each.store.record(each.store.current().plugins["counter"]) for each in (other, shop)
    )
    assert there.lock == here.lock
    assert there.key == key().public
    again = other.installer.export("counter", tmp_path)
    with zipfile.ZipFile(again) as one, zipfile.ZipFile(exported) as two:
        wheels = [name for name in one.namelist() if name.startswith("wheels/")]
        assert len(wheels) == 2
        assert all(one.read(name) == two.read(name) for name in wheels)
        assert "alpha==1.0 --hash=sha256:" in one.read("requirements.txt").decode()


def rewritten(path: Path, name: str, data: bytes) -> None:
    """Replace a file in a bundle, as somebody on the way would."""
    with zipfile.ZipFile(path) as read:
        files = {each: read.read(each) for each in read.namelist()}
    assert name in files
    files[name] = data
    with zipfile.ZipFile(path, "w") as write:
        for each, content in files.items():
            write.writestr(each, content)


def rule(shop: Shop, path: Path) -> str:
    with pytest.raises(DamagedBundle) as caught, shop.installer.read(str(path)):
        pass
    return caught.value.findings[0].rule


def test_a_changed_wheel_is_found_out(shop: Shop, exported: Path, tmp_path: Path) -> None:
    other = package("alpha", requires=("evil",)).write(tmp_path)
    rewritten(exported, "wheels/alpha-1.0-py3-none-any.whl", other.read_bytes())
    assert rule(shop, exported) == "bundle-hash"


def test_a_changed_list_is_found_out_by_its_signature(
    shop: Shop, exported: Path, tmp_path: Path
) -> None:
    other = package("alpha", requires=("evil",)).write(tmp_path).read_bytes()
    rewritten(exported, "wheels/alpha-1.0-py3-none-any.whl", other)
    with zipfile.ZipFile(exported) as read:
        about = json.loads(read.read("bundle.json"))
    about["files"]["alpha-1.0-py3-none-any.whl"] = hashlib.sha256(other).hexdigest()
    rewritten(exported, "bundle.json", json.dumps(about).encode())
    assert rule(shop, exported) == "signature"


def test_a_bundle_with_more_than_it_lists_is_refused(shop: Shop, exported: Path) -> None:
    with zipfile.ZipFile(exported, "a") as made:
        made.writestr("wheels/extra-1.0-py3-none-any.whl", b"")
    assert rule(shop, exported) == "bundle-files"


def test_half_a_bundle_is_refused(shop: Shop, exported: Path) -> None:
    exported.write_bytes(exported.read_bytes()[:-100])
    assert rule(shop, exported) == "not-a-zip"


def asked(shop: Shop, tmp_path: Path, by: SecretKey | None) -> list[str]:
    """Return what is asked before a newer bundle takes the place of the installed one."""
    maker_home = tmp_path / "maker"
    (maker_home / "journals").mkdir(parents=True)
    maker = Shop(maker_home, shop.wheels, shop.host)
    maker.put(plugin(version="2.0"))
    with shop.installer.read(str(maker.installer.export("counter", tmp_path, by))) as plan:
        assert list(plan.questions()) == []
        return list(plan.trust_questions())


@pytest.mark.parametrize(
    ("seed", "words"), [(1, ""), (2, "signed with another key"), (0, "not signed")]
)
def test_another_key_than_before_is_asked_about(
    seed: int, words: str, shop: Shop, exported: Path, tmp_path: Path
) -> None:
    with shop.installer.read(str(exported)) as plan:
        shop.installer.install(plan)
    questions = asked(shop, tmp_path, key(seed) if seed else None)
    assert [words in question for question in questions] == ([True] if words else [])


def test_a_signature_of_other_bytes_is_refused() -> None:
    mine, signature = key(), minisign.sign(key(), b"these")
    minisign.verify(mine.public, signature, b"these")
    for public, data in ((mine.public, b"those"), (key(2).public, b"these")):
        with pytest.raises(ValueError, match=r"match|key"):
            minisign.verify(public, signature, data)
    forged = signature.replace("trusted comment: timestamp", "trusted comment: timestamq")
    with pytest.raises(ValueError, match="match"):
        minisign.verify(mine.public, forged, b"these")


def test_a_password_opens_a_key() -> None:
    from nacl.pwhash import scrypt

    plain = base64.b64decode(secret_file().splitlines()[1])
    salt, work, memory = bytes(range(32)), scrypt.OPSLIMIT_MIN, scrypt.MEMLIMIT_MIN
    stream = scrypt.kdf(104, b"open sesame", salt, opslimit=work, memlimit=memory)
    hidden = bytes(a ^ b for a, b in zip(plain[54:], stream, strict=True))
    numbers = work.to_bytes(8, "little") + memory.to_bytes(8, "little")
    data = plain[:2] + b"Sc" + plain[4:6] + salt + numbers + hidden
    text = f"untrusted comment: x\n{base64.b64encode(data).decode()}\n"
    opened = minisign.read_secret_key(text, lambda: "open sesame")
    assert opened == minisign.read_secret_key(secret_file(), str)
    with pytest.raises(StudioError, match="password"):
        minisign.read_secret_key(text, lambda: "wrong")


def test_what_minisign_itself_has_made_is_read() -> None:
    assert minisign.verify(REAL_PUBLIC, REAL_SIGNATURE, b"hello\n") == "counter 1.0"
    assert minisign.key_id(REAL_PUBLIC) == "6D99AD4BEDF9D4D5"
    real = minisign.read_secret_key(REAL_SECRET, str)
    assert real.public == REAL_PUBLIC
    made = minisign.sign(real, b"hello\n", "counter 1.0").splitlines()
    assert made[1:] == REAL_SIGNATURE.splitlines()[1:]  # the same to the last bit
