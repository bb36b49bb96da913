"""Sound in and out of this machine: devices, what plays samples, what records a microphone."""
