"""Find similar pictures: fingerprints, near-duplicates, leakage."""
