"""The tables of published datasets, one module each."""
