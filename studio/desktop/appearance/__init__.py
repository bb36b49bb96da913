"""Theme, fonts, icons, and the small controls made from them."""
