"""The page of the chat and its parts. Imported when the page is first opened."""
