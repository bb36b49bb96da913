"""How a body takes up, spreads, changes and bears a molecule: 41 figures by an ensemble."""
