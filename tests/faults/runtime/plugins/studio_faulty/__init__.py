"""A plugin whose tasks stall, die and leave children behind: for the fault tests only."""
