"""The folder's git repository: changes, diff, staging, commit."""
