"""Foundations of every other room: paths, settings, disk, background work, notices, energy."""
