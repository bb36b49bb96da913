"""Controls of the house style that Qt does not have. They know the look, never the studio."""
