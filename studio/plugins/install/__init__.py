"""Installing third-party plugins: checked before unpacking, kept in sets, reversible."""
