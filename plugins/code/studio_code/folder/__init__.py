"""A folder of the user: read without a way to write it, outlined, searched, and looked through."""
