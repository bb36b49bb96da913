"""Pictures drawn by transformers: what is of one kind of weights alone."""
