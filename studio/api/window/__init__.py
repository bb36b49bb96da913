"""What the window half of a plugin gets: context, building blocks, library, work queue."""
