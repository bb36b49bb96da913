"""The lab: train small generative models, compare them, make data with them."""
