"""An example: the columns of a CSV file become a plot."""
