"""The model pool: admission, leases, loading, eviction."""
