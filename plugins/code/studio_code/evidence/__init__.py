"""Requirements stated in a request, and the evidence that code meets them."""
