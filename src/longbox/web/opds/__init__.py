"""A slice of the web page."""
