"""From sound to notes: a network hears pitches, rules make notes of them, a beat makes a score."""
