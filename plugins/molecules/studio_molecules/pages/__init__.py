"""The page of molecules and what it is made of. Runs in the window; RDKit is never here."""
