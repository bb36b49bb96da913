"""What can be seen inside a trained network, as plots and pictures. Pure functions."""
