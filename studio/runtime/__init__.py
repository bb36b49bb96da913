"""The runtime: owns the device, runs tasks, lends models. Never knows Qt, core or the window."""
