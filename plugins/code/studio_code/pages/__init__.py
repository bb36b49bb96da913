"""The page of the code plugin and its widgets. Runs in the GUI process; executes no user code."""
