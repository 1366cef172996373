"""Changes to pixels between a reader and a writer: arrays in, arrays out."""
