"""The part that runs in the sandbox, in a bare Python: standard library only, nothing of ours."""
