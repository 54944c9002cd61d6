"""A slice of the web page: what the vectors know, asked and shown; and one book along its pages."""
