"""Audio models of the user: MusicGen by transformers, Stable Audio and AudioLDM 2 by diffusers."""
