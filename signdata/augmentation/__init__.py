"""Variants of pictures, the same as ImageMagick makes them."""
