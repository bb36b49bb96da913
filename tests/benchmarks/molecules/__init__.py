"""Molecules: MOSES, GuacaMol and PMO, docking, screens, speed."""
