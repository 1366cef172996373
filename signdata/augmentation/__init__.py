"""Variants of pictures, made as ImageMagick makes them."""
