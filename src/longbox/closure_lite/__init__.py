"""Placeholder docstring; filled with its room."""
