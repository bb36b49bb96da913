"""What workflows need of a studio."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from studio.api.jobs import JobRequest
from studio.base.background import Post
from studio.base.notices import Notices
from studio.jobs.board import JobBoard
from studio.jobs.job import Recipe
from studio.jobs.picked_files import FileProofs
from studio.jobs.requests import Resolve
from studio.library import Library
from studio.models import WeightsCatalogue
from studio.plugins import PluginHost
from studio.protocol.connections.watch import Attempt
from studio.runtimes.supervisor import Supervisor


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
