"""One molecule closely: its properties, its shape in space, its lineage."""
