"""Workflows, tools of language models, clusters, and backups on a schedule."""
