"""Code: written, run in a sandbox, and shown to work. A plugin of Offline Studio.

Knows the studio by ``studio.api`` only.
"""
