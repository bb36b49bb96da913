"""The only two ways out: pip and the hub, asked when the user says so."""
