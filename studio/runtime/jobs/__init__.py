"""One job inside the runtime: its context, its steps, its errors."""
