"""A W&B backend for one machine or a small group."""
