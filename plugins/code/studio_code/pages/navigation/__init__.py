"""Ways through a folder: text, definitions, references, problems. Each finds places in files."""
