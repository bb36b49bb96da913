"""What effects are made of: tones, noise, envelopes, filters, struck bodies, grains."""
