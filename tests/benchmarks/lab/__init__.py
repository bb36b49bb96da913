"""Lab: architectures, switches, tables, adapters."""
