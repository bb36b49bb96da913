"""Tasks that call others."""
