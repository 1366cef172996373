"""The version of signdata."""

__version__ = "0.1.0"
