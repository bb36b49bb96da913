"""The installers: one relocatable folder, and the files it is wrapped in. For releases only."""
