"""WLASL: a JSON index next to a folder of videos."""
