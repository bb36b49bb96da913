"""The page of the molecules plugin and its widgets. Runs in the GUI process, without RDKit."""
