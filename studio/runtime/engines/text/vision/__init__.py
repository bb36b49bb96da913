"""Pictures in a prompt, for weights that see: the library's processor and its model around ours."""
