"""A row of the library as plugins see it."""

from __future__ import annotations

import msgspec

from studio.api.artifacts import SavedArtifact, Verdict
from studio.library import Artifact, Library


def saved_artifact(library: Library, artifact: Artifact) -> SavedArtifact:
    """Return a row of the library as plugins see it."""
    verdict = msgspec.convert(artifact.verdict, Verdict) if artifact.verdict else None
    return SavedArtifact(
        id=artifact.id,
        kind=artifact.kind,
        title=artifact.title,
        record=artifact.record or "",
        path=library.payload_path(artifact),
        text=artifact.text,
        verdict=verdict,
        meta=artifact.meta,
        starred=artifact.starred,
        binned=artifact.binned_at is not None,
        created=artifact.created,
    )
