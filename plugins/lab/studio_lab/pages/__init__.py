"""The window half of the lab: choose trainings, and watch them."""
