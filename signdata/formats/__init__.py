"""Readers and writers, one format a module or package."""
