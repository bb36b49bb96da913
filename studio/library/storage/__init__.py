"""The storage layer of the library: SQLite, blobs, the event log, the lock."""
