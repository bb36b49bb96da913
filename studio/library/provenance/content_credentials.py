"""Signing files by C2PA, as other programs read it ("Content Credentials"). Asks no network.

The library is imported with the first file: it takes 60 MB of memory and a tenth of a second.
"""

from __future__ import annotations

import importlib.util
import io
from typing import Any, Final

from studio.library.provenance.containers import Container
from studio.library.provenance.installation_key import InstallationKey
from studio.library.provenance.statement import Statement, manifest
from studio.protocol.errors import ErrorCode, StudioError

OFFLINE: Final = {
    "remote_manifest_fetch": False,
    "ocsp_fetch": False,
    "verify_trust": True,
    "verify_timestamp_trust": False,
}


def require() -> None:
    """Say so where this installation cannot sign. Loads nothing.

    Raises:
        StudioError: The extra `provenance` is missing.
    """
    for name in ("c2pa", "cryptography"):
        if importlib.util.find_spec(name) is None:
            raise StudioError(
                ErrorCode.UNSUPPORTED,
                f"Files cannot be signed or checked: the package “{name}” is missing.",
                "Install it with `pip install 'offline-studio[provenance]'`.",
            )


def library() -> Any:
    """Return the C2PA library.

    Raises:
        StudioError: It is missing from this installation, or does not load here.
    """
    require()
    try:
        import c2pa
    except (ImportError, OSError, RuntimeError) as error:
        raise StudioError(
            ErrorCode.UNSUPPORTED,
            "Files cannot be signed or checked: the C2PA library does not load on this system.",
            "Reinstall c2pa-python.",
            str(error),
        ) from error
    return c2pa


def signed(container: Container, data: bytes, statement: Statement, key: InstallationKey) -> bytes:
    """Return the file with a signed record of ``said``. A few milliseconds, beside the window.

    Raises:
        StudioError: It cannot be signed.
    """
    c2pa = library()
    without_copies = {
        "builder": {"thumbnail": {"enabled": False}},  # else a copy of the picture lies in it
        "verify": {**OFFLINE, "verify_after_sign": False},
    }
    out = io.BytesIO()
    try:
        signer = c2pa.C2paSignerInfo(b"es256", key.chain, key.private, None)
        with (
            c2pa.Context.from_dict(without_copies) as context,
            c2pa.Signer.from_info(signer) as sign,
            c2pa.Builder(manifest(statement), context) as builder,
        ):
            builder.sign(sign, container.value, io.BytesIO(data), out)
    except c2pa.C2paError as error:
        raise StudioError(
            ErrorCode.BAD_INPUT,
            "The file cannot be signed: the C2PA library does not take it.",
            "Export it with “Nothing”, or in another format.",
            str(error),
        ) from error
    return out.getvalue()
