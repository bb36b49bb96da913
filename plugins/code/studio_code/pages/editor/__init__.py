"""The editor: typing, colours, brackets, finding. Knows no folder and no task."""
