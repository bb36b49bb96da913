"""Parts of pictures made anew: masks, and what they are filled with."""
