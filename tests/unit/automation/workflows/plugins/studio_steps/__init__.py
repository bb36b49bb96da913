"""Steps that tests string together."""
