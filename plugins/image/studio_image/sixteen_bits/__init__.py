"""Pictures with 16 bits a colour, which Pillow does not write."""
