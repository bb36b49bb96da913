"""What `studio bench` measures of the lab."""
