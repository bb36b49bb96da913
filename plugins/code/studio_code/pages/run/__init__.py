"""Running files and their tests, with live output and problems."""
