"""Which pictures are alike: fingerprints, near-duplicates, leakage."""
