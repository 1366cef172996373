"""Tables of picture files."""
