"""What the library stands on: SQLite, blobs, the event log, the lock."""
