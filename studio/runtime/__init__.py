"""The runtime: owns the device, runs tasks, lends models. Knows no Qt and no window."""
