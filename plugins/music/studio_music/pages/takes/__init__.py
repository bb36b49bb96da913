"""The versions of a piece and their strip."""
