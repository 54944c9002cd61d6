"""The scripts that made every weight we ship; each can be run again."""
