"""Views into a trained network, as plots and pictures. Pure functions."""
