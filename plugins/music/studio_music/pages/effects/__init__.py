"""The page *Sound*: effects from words, textures, and edits of a sound."""
