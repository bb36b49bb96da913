"""The list of conversations and the title of the open one."""
