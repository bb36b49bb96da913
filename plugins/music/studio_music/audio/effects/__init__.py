"""Sound effects and textures: recipes on shared building blocks, from words to samples."""
