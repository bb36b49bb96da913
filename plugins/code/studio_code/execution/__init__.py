"""Running what was written: a program, its tests, its faults. Asks no model, and trusts nothing."""
