"""The Workflows page: the steps as a list, what they run on, and the rows of a run."""

from studio.desktop.pages.workflows.page import WorkflowsPage, build

__all__ = ["WorkflowsPage", "build"]
