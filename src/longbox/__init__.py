"""Longbox reads comic files, understands them panel by panel, and lets people search them."""

__version__ = "0.1.0"
