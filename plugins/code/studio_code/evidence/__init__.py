"""What a request states, and what shows that code does it."""
