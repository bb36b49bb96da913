"""How the loss falls with parameters, examples and training: a grid, a law, and its advice."""
