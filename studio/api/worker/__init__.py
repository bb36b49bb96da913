"""What the worker half of a plugin gets: context, engines, constraints, tensors, benches."""
