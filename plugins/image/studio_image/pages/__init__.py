"""The page of pictures and its parts; imported when the page is first opened."""
