"""Still pictures: decoding, encoding, pixel operations."""
