"""Checksums of the networks that are shipped; training/panel_export.py prints them."""

PANEL_NETWORK_SHA256 = ""
SIDE_NETWORK_SHA256 = ""
