"""Putting pages right: the editor, the queue of pages that deserve a look, and what was said."""
