"""Networks that make pictures larger or cleaner, and their files."""
