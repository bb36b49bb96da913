"""The tasks of music, one module each: from parameters to artifacts. They make no music."""
