"""Splits: planned, assigned, certified."""
