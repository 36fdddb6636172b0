"""What W&B's filters may name of runs, sweeps, artifacts and their collections, as SQL."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Filterable:
    """What can be filtered and ordered: its table, and the SQL of each name that a filter may use.

    Args:
        sections: Columns of JSON, by the name that leads into them: `config.lr`.
        tags: A query for the names of an object's tags, as column `value`.
    """

    table: str
    columns: dict[str, str]
    times: dict[str, str]
    sections: dict[str, str] = field(default_factory=dict)
    tags: str | None = None


SWEEP_OF_RUN = "(SELECT name FROM sweeps WHERE sweeps.id = runs.sweep_id)"
RUNS = Filterable(
    "runs",
    columns={
        "name": "runs.name",
        "state": "runs.state",
        **dict.fromkeys(("display_name", "displayName"), "coalesce(runs.display_name, runs.name)"),
        **dict.fromkeys(("group", "groupName"), "runs.group_name"),
        **dict.fromkeys(("jobType", "job_type"), "runs.job_type"),
        "notes": "runs.notes",
        "description": "runs.description",
        **dict.fromkeys(("sweep", "sweepName"), SWEEP_OF_RUN),
    },
    times={
        **dict.fromkeys(("created_at", "createdAt"), "runs.created_at"),
        **dict.fromkeys(("heartbeat_at", "heartbeatAt", "updated_at", "updatedAt"), "runs.heartbeat_at"),
    },
    sections={
        "config": "runs.config_json",
        **dict.fromkeys(("summary_metrics", "summaryMetrics", "summary"), "runs.summary_json"),
    },
    tags="SELECT value FROM json_each(runs.tags_json)",
)
SWEEPS = Filterable(
    "sweeps",
    columns={
        "name": "sweeps.name",
        "state": "sweeps.state",
        **dict.fromkeys(("display_name", "displayName"), "sweeps.display_name"),
        "description": "sweeps.description",
        "method": "json_extract(sweeps.config_json, '$.method')",
    },
    times={
        **dict.fromkeys(("created_at", "createdAt"), "sweeps.created_at"),
        **dict.fromkeys(("updated_at", "updatedAt"), "sweeps.updated_at"),
    },
)
COLLECTIONS = Filterable(
    "collections",
    columns={
        "name": "collections.name",
        "type": "collections.type",
        "description": "collections.description",
        "state": "'READY'",
    },
    times={
        **dict.fromkeys(("created_at", "createdAt"), "collections.created_at"),
        **dict.fromkeys(("updated_at", "updatedAt"), "collections.updated_at"),
    },
    tags="SELECT name AS value FROM tags WHERE owner = 'collection' AND owner_id = collections.id",
)
ARTIFACTS = Filterable(
    "artifacts",
    columns={
        "state": "artifacts.state",
        "digest": "artifacts.digest",
        "description": "artifacts.description",
        "size": "artifacts.size",
        **dict.fromkeys(("versionIndex", "version_index", "version"), "memberships.version"),
    },
    times={
        **dict.fromkeys(("created_at", "createdAt"), "artifacts.created_at"),
        **dict.fromkeys(("updated_at", "updatedAt"), "artifacts.updated_at"),
    },
    sections={"metadata": "artifacts.metadata_json"},
    tags="SELECT name AS value FROM tags WHERE owner = 'artifact' AND owner_id = artifacts.id",
)
