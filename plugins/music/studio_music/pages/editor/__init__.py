"""The piece being edited: document, edits, grid. No widgets."""
