"""What fine-tuning taught a diffusion model, beside it."""
