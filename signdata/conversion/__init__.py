"""The conversion loop: reader, transforms, writer."""
