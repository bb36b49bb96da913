"""The user's other machines in the window: Settings → Machines, and their card on Device."""
