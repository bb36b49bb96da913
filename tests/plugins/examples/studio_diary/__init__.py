"""An example: commands, tools and checks of a plugin's own, events, the library, translations."""
