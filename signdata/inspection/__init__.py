"""Counting a dataset, and verifying it."""
