"""Find what is wrong with a dataset, report it, and write a copy without it."""
