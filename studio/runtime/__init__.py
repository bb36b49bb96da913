"""The runtime: owns the device, runs tasks, lends models. Knows torch; never Qt, core or the window."""
