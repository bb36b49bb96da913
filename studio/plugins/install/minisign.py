"""Signatures of minisign: made and verified. A key says who, never how good.

The format: https://jedisct1.github.io/minisign/. Ed25519 is PyNaCl's; BLAKE2b is Python's.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from studio.protocol.errors import ErrorCode, StudioError

_ALGORITHM, _PREHASHED = b"Ed", b"ED"
_SCRYPT, _PLAIN, _CHECKSUM = b"Sc", b"\0\0", b"B2"
_KEY, _SIGNATURE, _SECRET = 42, 74, 158
_MOST_MEMORY = 1 << 30
_COMMENT, _TRUSTED = "untrusted comment: ", "trusted comment: "


@dataclass(frozen=True)
class SecretKey:
    """A key to sign with.

    Attributes:
        number: Eight bytes that name the key pair.
        seed: The secret itself.
        public: The public key, as ``minisign`` writes it in one line.
    """

    number: bytes
    seed: bytes
    public: str


def key_id(public: str) -> str:
    """Return the short name of a public key, as minisign shows it; empty if it is not a key."""
    try:
        return _key(public)[0][::-1].hex().upper()
    except ValueError:
        return ""


def verify(public: str, signature: str, data: bytes) -> str:
    """Return the trusted comment of a signature that is good.

    Args:
        public: The key in one line; the signature must be by it.
        signature: The text of a ``.minisig`` file.

    Raises:
        ValueError: It is not a signature of ``data`` by that key.
    """
    from nacl.exceptions import CryptoError
    from nacl.signing import VerifyKey

    number, key = _key(public)
    lines = signature.splitlines()
    if len(lines) != 4 or not lines[2].startswith(_TRUSTED):
        raise ValueError("it does not have the form of a signature")
    decoded, whole = _decoded(lines[1], _SIGNATURE), _decoded(lines[3], 64)
    if decoded[2:10] != number:
        raise ValueError("it was made with another key")
    if decoded[:2] not in (_ALGORITHM, _PREHASHED):
        raise ValueError("it was made in a way that is not supported")
    signed = hashlib.blake2b(data).digest() if decoded[:2] == _PREHASHED else data
    comment = lines[2].removeprefix(_TRUSTED)
    try:
        VerifyKey(key).verify(signed, decoded[10:])
        VerifyKey(key).verify(decoded[10:] + comment.encode(), whole)
    except CryptoError as error:
        raise ValueError("it does not match") from error
    return comment


def sign(key: SecretKey, data: bytes, comment: str = "") -> str:
    """Return the text of a ``.minisig`` file for ``data``."""
    from nacl.signing import SigningKey

    signer = SigningKey(key.seed)
    signature = bytes(signer.sign(hashlib.blake2b(data).digest()).signature)
    trusted = comment or f"timestamp:{int(time.time())}"
    whole = bytes(signer.sign(signature + trusted.encode()).signature)
    return "\n".join(
        [
            f"{_COMMENT}signature of a plugin for Offline Studio",
            _encoded(_PREHASHED + key.number + signature),
            f"{_TRUSTED}{trusted}",
            _encoded(whole),
            "",
        ]
    )


def read_secret_key(text: str, ask: Callable[[], str]) -> SecretKey:
    """Read the file that ``minisign -G`` has made.

    Args:
        ask: Returns the password; asked for only if there is one.

    Raises:
        StudioError: It is not such a file, or the password is wrong.
    """
    try:
        data = _decoded(text.splitlines()[1], _SECRET)
        if data[:2] != _ALGORITHM or data[4:6] != _CHECKSUM or data[2:4] not in (_SCRYPT, _PLAIN):
            raise ValueError("another kind of key")
    except (IndexError, ValueError) as error:
        raise StudioError(
            ErrorCode.BAD_INPUT,
            "The key cannot be used: it is not a secret key of minisign.",
            "Make one with `minisign -G`.",
        ) from error
    hidden = data[54:]
    if data[2:4] == _SCRYPT:
        hidden = _unlocked(hidden, ask(), data[6:38], data[38:46], data[46:54])
    number, secret, checksum = hidden[:8], hidden[8:72], hidden[72:]
    right = hashlib.blake2b(_ALGORITHM + number + secret, digest_size=32).digest()
    if data[2:4] == _SCRYPT and right != checksum:  # without a password minisign writes none
        raise StudioError(
            ErrorCode.BAD_INPUT, "The password of the key is wrong.", "Try again with another one."
        )
    return SecretKey(number, secret[:32], _encoded(_ALGORITHM + number + secret[32:]))


def _unlocked(hidden: bytes, password: str, salt: bytes, ops: bytes, memory: bytes) -> bytes:
    from nacl.pwhash import scrypt

    work, most = int.from_bytes(ops, "little"), int.from_bytes(memory, "little")
    if most > 2 * _MOST_MEMORY:
        raise StudioError(
            ErrorCode.UNSUPPORTED, "The key wants more memory than is allowed.", "Use another key."
        )
    stream = scrypt.kdf(len(hidden), password.encode(), salt, opslimit=work, memlimit=most)
    return bytes(one ^ other for one, other in zip(hidden, stream, strict=True))


def _key(public: str) -> tuple[bytes, bytes]:
    data = _decoded(public.strip().splitlines()[-1] if public.strip() else "", _KEY)
    if data[:2] != _ALGORITHM:
        raise ValueError("it is not a public key")
    return data[2:10], data[10:]


def _decoded(line: str, length: int) -> bytes:
    try:
        data = base64.b64decode(line.strip(), validate=True)
    except binascii.Error as error:
        raise ValueError("it cannot be read") from error
    if len(data) != length:
        raise ValueError("it has another length")
    return data


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
