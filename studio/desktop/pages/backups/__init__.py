"""Backups in the window: what Settings shows of them, and the sheet that restores one."""
