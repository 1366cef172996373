"""Datasets in Parquet and Arrow files: pictures and labels as columns."""
