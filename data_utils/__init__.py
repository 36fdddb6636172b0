"""Recordings in, batches out. Knows no Keras and no wandb."""
