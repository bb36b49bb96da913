"""One module for each kind of data that can be augmented."""
