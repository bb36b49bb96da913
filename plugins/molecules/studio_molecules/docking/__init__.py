"""How well a molecule fits into the pocket of a protein: AutoDock Vina, run in the sandbox."""
