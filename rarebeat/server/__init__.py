"""A W&B backend for one machine or a small group: the unmodified wandb client talks to it."""
