"""Charts as SVG: the same drawing stands in a page, and becomes a PNG of a run."""
