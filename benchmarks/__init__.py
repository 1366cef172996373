"""Every bulk job of signdata against the usual way of doing it: ``python -m benchmarks``."""
