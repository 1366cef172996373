"""Datasets in tars, as the library `webdataset` and the Hugging Face Hub read them."""
