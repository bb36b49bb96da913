"""What the networks of this plugin share: a small transformer, and weights as files."""
