"""Pictures: a plugin of the studio. Its halves are imported by the studio, never by each other."""
