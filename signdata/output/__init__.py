"""Whole or absent: partial folder, journal, lock."""
