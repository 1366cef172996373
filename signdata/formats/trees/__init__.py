"""What the directory formats share: the scan, the manifest, the files."""
