"""Audio models of the user: MusicGen by transformers, Stable Audio and AudioLDM by diffusers."""
