"""Outputs that are complete or absent: partial folder, journal, lock."""
