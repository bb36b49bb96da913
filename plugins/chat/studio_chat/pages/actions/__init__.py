"""Actions on the text of a message or of the composer, and their panel."""
