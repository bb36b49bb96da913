"""Playing in the window: controller, transport, meters."""
