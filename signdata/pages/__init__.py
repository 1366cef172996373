"""What people are shown of a dataset and of runs: the facts, the verdict, the report."""
