"""Tools of language models: tasks and servers in one catalogue, and what the user allows."""

from studio.core.tools.approvals import Approvals
from studio.core.tools.catalogue import Catalogue, ToolSource
from studio.core.tools.view import Tools

__all__ = ["Approvals", "Catalogue", "ToolSource", "Tools"]
