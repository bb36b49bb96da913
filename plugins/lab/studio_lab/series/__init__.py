"""Series over time: made anew, and what a forecast learns from them."""
