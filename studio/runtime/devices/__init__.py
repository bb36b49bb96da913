"""Devices that compute: found, measured, lost."""
