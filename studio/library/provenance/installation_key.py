"""The key that this installation signs exported files with. Made when first needed; never leaves.

One file of mode 0600 holds the key and the two certificates that C2PA wants: the signer's, and the
authority's that vouches for it. The authority's own key is thrown away when both are made, so what
is vouched for by this authority was signed with this very key. Neither certificate names a person
or a machine, and their dates are the same everywhere.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import stat
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.base import disk
from studio.base.paths import StudioPaths
from studio.protocol.errors import StudioError
from studio.protocol.regular_file import open_regular

_LONGEST = 64 << 10
_SINCE = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
_UNTIL = datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=datetime.UTC)
"""RFC 5280, 4.1.2.5: a certificate without an end."""
_ORGANIZATION = "Offline Studio"
_SIGNER, _AUTHORITY = "Offline Studio installation", "Offline Studio installation authority"


_making = threading.Lock()
"""Two exports may begin at once: one of them makes the key."""


@dataclass(frozen=True)
class InstallationKey:
    """A P-256 key with its certificates.

    Attributes:
        private: The key as PEM (PKCS 8).
        chain: The signer's certificate, then the authority's, as PEM.
        authority: The authority's alone.
        news: What happened to the key before this one, in a sentence; empty for nothing.
    """

    private: bytes
    chain: bytes
    authority: bytes
    news: str = ""

    @classmethod
    def of(cls, paths: StudioPaths) -> InstallationKey:
        """Return the key of this installation, made if there is none that can be used.

        Raises:
            StudioError: It cannot be kept on the disk.
        """
        path = path_of(paths)
        try:
            with _making:
                return _read(path) or cls._new(path)
        except OSError as error:
            raise disk.explain(error, "save the key that signs exported files", path) from error

    @classmethod
    def _new(cls, path: Path) -> InstallationKey:
        # What another process has made since is read, and not put aside.
        is_damaged = path.exists() and _read(path) is None
        news = _put_aside(path) if is_damaged else ""
        disk.make_folder(path.parent)
        _place(path, _made())
        key = _read(path)  # of this process, or of another one that was faster
        assert key is not None
        return cls(key.private, key.chain, key.authority, news)

    @classmethod
    def if_any(cls, paths: StudioPaths) -> InstallationKey | None:
        """Return the key if there is one: looking at a file makes none."""
        try:
            return _read(path_of(paths))
        except OSError:
            return None

    @property
    def public(self) -> str:
        """The public key, 65 bytes uncompressed (SEC 1), in hexadecimal."""
        return public_text(self._loaded().public_key())

    @property
    def serial(self) -> str:
        """The serial number of the signer's certificate, in decimal."""
        from cryptography.x509 import load_pem_x509_certificate

        return str(load_pem_x509_certificate(self.chain).serial_number)

    def sign(self, data: bytes) -> str:
        """Return the signature of ``data``: ECDSA with SHA-256, r and s, in hexadecimal."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils

        signed = self._loaded().sign(data, ec.ECDSA(hashes.SHA256()))
        r, s = utils.decode_dss_signature(signed)
        raw: bytes = r.to_bytes(32) + s.to_bytes(32)
        return raw.hex()

    def hide(self, text: str) -> str:
        """Return ``text`` so that this installation alone can read it; different each time."""
        return str(self._box().encrypt(text.encode()).hex())

    def reveal(self, hidden: str) -> str:
        """Return what ``hide`` was given; nothing if it was not hidden by this installation."""
        from nacl.exceptions import CryptoError

        try:
            return str(self._box().decrypt(bytes.fromhex(hidden)).decode())
        except (CryptoError, ValueError, TypeError):
            return ""

    def _box(self) -> Any:
        from nacl.secret import SecretBox

        return SecretBox(hashlib.sha256(b"artifact of a file\0" + self.private).digest())

    def _loaded(self) -> Any:
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        return load_pem_private_key(self.private, None)


def path_of(paths: StudioPaths) -> Path:
    """Return where the key lies."""
    return paths.keys / "provenance.pem"


def public_text(key: Any) -> str:
    """Return a public key as ``InstallationKey.public`` does."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return str(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex())


def is_signed(data: bytes, signature: str, public: str) -> bool:
    """Whether the holder of the key ``public`` signed ``data``; all of it may be anything."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    try:
        raw = bytes.fromhex(signature)
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes.fromhex(public))
        both = utils.encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        key.verify(both, data, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return len(raw) == 64


def _read(path: Path) -> InstallationKey | None:
    """Return the key in the file; None if the file is missing or invalid."""
    try:
        with open_regular(path) as file:
            _close_to_others(file.fileno())
            data = file.read(_LONGEST)
    except FileNotFoundError:
        return None
    blocks = data.split(b"-----BEGIN ")
    if len(blocks) != 4 or blocks[0]:
        return None
    private, signer, authority = (b"-----BEGIN " + block for block in blocks[1:])
    try:
        _check(private, signer, authority)
    except (ValueError, TypeError, StudioError):
        return None
    return InstallationKey(private, signer + authority, authority)


def _check(private: bytes, signer: bytes, authority: bytes) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate

    key, certificate = load_pem_private_key(private, None), load_pem_x509_certificate(signer)
    try:
        certificate.verify_directly_issued_by(load_pem_x509_certificate(authority))
    except InvalidSignature as error:
        raise ValueError from error
    if public_text(key.public_key()) != public_text(certificate.public_key()):
        raise ValueError


def _close_to_others(fd: int) -> None:
    """Revoke the permissions of others left by a careless copy or an old backup."""
    if sys.platform != "win32" and stat.S_IMODE(os.fstat(fd).st_mode) & 0o077:
        os.fchmod(fd, 0o600)


def _put_aside(path: Path) -> str:
    backup = disk.set_aside(path, lambda number: f"{path.stem}.broken-{number}{path.suffix}")
    if backup is None:
        disk.remove(path)
    return (
        "The key that signed earlier exports could not be read, so a new one was made. Files "
        "signed with the old one are now recognized as another installation's."
    )


def _place(path: Path, data: bytes) -> None:
    """Put a new key there whole, unless another process was faster."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    disk.write_part(part, data)
    try:
        os.link(part, path)
    except FileExistsError:
        pass
    except OSError:  # no links here (FAT): a small race is left
        os.replace(part, path)
    finally:
        disk.remove(part)
    disk.sync_folder(path.parent)


def _made() -> bytes:
    """Return a new key, the signer's certificate and the authority's, as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    def name(common: str) -> Any:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANIZATION),
                x509.NameAttribute(NameOID.COMMON_NAME, common),
            ]
        )

    def usage(*, signs_files: bool) -> Any:
        return x509.KeyUsage(
            digital_signature=signs_files,
            key_cert_sign=not signs_files,
            crl_sign=not signs_files,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )

    def certificate(common: str, public: Any, *, signs_files: bool) -> Any:
        limits = x509.BasicConstraints(ca=not signs_files, path_length=None if signs_files else 0)
        return (
            x509.CertificateBuilder()
            .subject_name(name(common))
            .issuer_name(name(_AUTHORITY))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(_SINCE)
            .not_valid_after(_UNTIL)
            .add_extension(limits, critical=True)
            .add_extension(usage(signs_files=signs_files), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(issuer, critical=False)
        )

    authority, signer = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key())
    root = certificate(_AUTHORITY, authority.public_key(), signs_files=False)
    leaf = certificate(_SIGNER, signer.public_key(), signs_files=True).add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
    )
    private = signer.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    both = (item.sign(authority, hashes.SHA256()) for item in (leaf, root))
    return bytes(private) + b"".join(item.public_bytes(Encoding.PEM) for item in both)
