"""WLASL: a JSON index beside a folder of videos."""
