"""A picture takes the strokes and colours of others: the features, and the transfer."""
