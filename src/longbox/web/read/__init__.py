"""The reader: a book page by page or panel by panel, its words selectable and searchable."""
