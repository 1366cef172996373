"""Summarise and verify datasets."""
