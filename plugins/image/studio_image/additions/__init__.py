"""What users add to diffusion weights: LoRAs, textual inversions, ControlNets. No pickles."""
