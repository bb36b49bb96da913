"""The parts that pages are put together from; ``studio.api.kit`` says what they promise."""
