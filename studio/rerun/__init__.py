"""Making a result again: what it needs, what is another now than it was, and how results differ."""
