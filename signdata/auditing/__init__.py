"""What is wrong with a dataset: found, shown, and left out of a copy."""
