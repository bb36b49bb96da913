"""Engines: loaded models that tasks lease. Each knows one family; none schedules anything."""
