"""The local web app: a dataset, its marks and its runs, seen and changed in a browser."""
