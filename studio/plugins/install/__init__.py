"""Installing plugins of others: read before anything is unpacked, kept in sets, taken back."""
