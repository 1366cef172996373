"""The one loop: reader, transforms, writer."""
