"""Sign-MNIST CSVs."""
