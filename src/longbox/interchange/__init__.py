"""Other programs' files: what Longbox saw written for them, what people put right read back."""
