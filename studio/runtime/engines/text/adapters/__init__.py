"""Adapters: small matrices beside the weights of a language model, in a file of their own."""
