"""What crosses the link between processes: messages, states, errors, frames.

Knows no Qt, no torch, no policy.
"""
