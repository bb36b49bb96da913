"""The page *Sound*: effects from words, textures, and what can be changed of a sound."""
