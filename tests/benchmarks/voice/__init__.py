"""Voice: sentences read aloud and transcribed; talks with pauses."""
