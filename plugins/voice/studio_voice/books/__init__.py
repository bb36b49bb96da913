"""Long texts that are read aloud: their chapters, and a file that has marks of them."""
