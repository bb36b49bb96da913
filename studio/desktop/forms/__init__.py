"""Forms drawn from a ``Params`` class, a module for each sort of field."""
