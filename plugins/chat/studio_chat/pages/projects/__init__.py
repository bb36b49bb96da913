"""Projects: folders of conversations with instructions and files that all of them share."""
