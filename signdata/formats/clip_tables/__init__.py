"""Tables of clips: which video, which part of it, which label."""
