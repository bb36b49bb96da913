"""What ``studio bench`` measures of this plugin. Prints nothing, judges nothing."""
