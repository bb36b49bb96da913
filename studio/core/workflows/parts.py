"""What workflows need of a studio."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from studio.api.jobs import JobRequest
from studio.core.background import Post
from studio.core.jobs.board import JobBoard
from studio.core.jobs.job import Recipe
from studio.core.jobs.requests import Resolve
from studio.core.library import Library
from studio.core.notices import Notices
from studio.core.picked_files import FileProofs
from studio.core.plugins import PluginHost
from studio.core.runtime_process.supervisor import Supervisor
from studio.core.weights import WeightsCatalogue
from studio.protocol.connections.watch import Attempt


@dataclass(frozen=True)
class Parts:
    """Parts of one studio, under the names that they have there."""

    library: Library
    plugins: PluginHost
    jobs: JobBoard
    runtime: Supervisor
    weights: WeightsCatalogue
    recipe: Callable[[JobRequest, Callable[[], int]], Recipe]
    resolve: Resolve
    post: Post
    notices: Notices
    connected: Callable[[Attempt], None]
    proofs: FileProofs
    has_ended: Callable[[str], bool]
