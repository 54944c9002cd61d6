"""The panel page: one panel, what is around it, what is near it, and what the model makes of it."""
