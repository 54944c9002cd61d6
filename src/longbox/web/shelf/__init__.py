"""Where comics stand: the shelf, a book's own page, and the health of library and model."""
