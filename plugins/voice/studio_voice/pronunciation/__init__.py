"""From written words to sounds: numbers and abbreviations, a lexicon, a network for the rest."""
