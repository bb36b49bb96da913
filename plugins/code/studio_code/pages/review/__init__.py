"""A proposed text against the present one, hunk by hunk."""
