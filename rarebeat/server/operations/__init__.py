"""The operations of the wandb client, by what they are about. Importing this fills `RESOLVERS`."""

from rarebeat.server.operations import artifacts, files, history, projects, runs, session, sweeps
from rarebeat.server.operations.registry import RESOLVERS

__all__ = ["RESOLVERS", "artifacts", "files", "history", "projects", "runs", "session", "sweeps"]
