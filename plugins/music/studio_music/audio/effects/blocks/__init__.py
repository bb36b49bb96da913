"""Building blocks of effects: tones, noise, envelopes, filters, struck bodies, grains."""
