"""A slice of the web page: all panels or pages in the plane, spaces side by side."""
