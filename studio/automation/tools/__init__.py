"""Tools of language models: tasks and servers in one catalogue, and the user's permissions."""

from studio.automation.tools.approvals import Approvals
from studio.automation.tools.catalogue import Catalogue, ToolSource
from studio.automation.tools.view import Tools

__all__ = ["Approvals", "Catalogue", "ToolSource", "Tools"]
