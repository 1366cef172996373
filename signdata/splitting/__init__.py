"""Splits: plan, assign and certify them."""
