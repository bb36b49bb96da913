"""Writing tunes: a small network that proposes notes, and a grammar that keeps them legal."""
