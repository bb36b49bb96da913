"""Puts an Offline Studio into its place, repairs it, takes it away. Comes along in its folder.

It runs before there is a studio, so it imports nothing of it: the standard library, zstandard, and
Qt for its window.
"""
