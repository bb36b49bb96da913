"""What can be done with the text of a message or of the composer, and the panel that shows it."""
