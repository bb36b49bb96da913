"""Drawn structures as plain data: atoms in the plane, bonds, how they are edited and written."""
