"""What two studios say to each other over one connection after the other."""
