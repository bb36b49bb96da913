"""The passage of a document that an answer drew on, beside the answer."""
