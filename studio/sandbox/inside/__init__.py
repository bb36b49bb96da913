"""The part that runs behind the wall, in a bare Python: standard library only, nothing of ours."""
