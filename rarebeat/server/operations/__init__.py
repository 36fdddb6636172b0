"""The operations of the wandb client, by what they are about. Importing this fills `RESOLVERS`."""

from rarebeat.server.operations import (
    alerts,
    artifact_collections,
    artifact_edits,
    artifact_nodes,
    artifact_places,
    artifacts,
    files,
    history,
    projects,
    refused,
    runs,
    session,
    sweeps,
)
from rarebeat.server.operations.registry import RESOLVERS

__all__ = [
    "RESOLVERS",
    "alerts",
    "artifact_collections",
    "artifact_edits",
    "artifact_nodes",
    "artifact_places",
    "artifacts",
    "files",
    "history",
    "projects",
    "refused",
    "runs",
    "session",
    "sweeps",
]
