"""The parts of the Models page: its table, the details beside it, the hub, the folders."""
