"""The window half: page, viewer and formats of music. Imports none of them before its use."""
