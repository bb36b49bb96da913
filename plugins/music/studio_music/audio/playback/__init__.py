"""Sound to the device while a piece is edited."""
