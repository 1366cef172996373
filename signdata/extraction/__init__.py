"""Videos to frame folders and to trimmed clips."""
