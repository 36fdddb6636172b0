"""Who is asking, and what this server can do."""

from __future__ import annotations

from typing import Any

from rarebeat.server.arguments import Arguments
from rarebeat.server.context import ENTITY, Context
from rarebeat.server.graphql import Node
from rarebeat.server.operations.registry import RESOLVERS

FEATURES = (
    "CLIENT_IDS",
    "LARGE_FILENAMES",
    "PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP",
    "ARTIFACT_COLLECTION_MEMBERSHIP_FILES",
    "ARTIFACT_MEMBERSHIP_IN_LINK_ARTIFACT_RESPONSE",
    "TOTAL_COUNT_IN_FILE_CONNECTION",
    "MARK_RUN_FILES_UPLOADED",
    "ARTIFACT_DIGEST_ALGORITHM",
    "SWEEPS_LOCAL_SCHEDULER",
)
USER = {
    "__typename": "User",
    "id": "VXNlcjox",
    "name": ENTITY,
    "username": ENTITY,
    "email": f"{ENTITY}@localhost",
    "admin": True,
    "flags": "{}",
    "entity": ENTITY,
    "deletedAt": None,
    "apiKeys": {"edges": []},
    "teams": {"edges": []},
}


@RESOLVERS.field("Query", "viewer")
def viewer(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    return USER


@RESOLVERS.field("Query", "users")
def users(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    return {"edges": [{"node": USER}]}


@RESOLVERS.field("Query", "serverInfo")
def server_info(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    return {"features": [{"__typename": "Feature", "name": name, "isEnabled": True} for name in FEATURES]}


@RESOLVERS.field("Query", "entity")
def entity(context: Context, _: None, arguments: Arguments) -> Node:
    return Node("Entity", {"id": "RW50aXR5OjE=", "name": arguments.text("name") or ENTITY})


RESOLVERS.columns("Entity", id="id", name="name")
RESOLVERS.constants("Entity", organization=None, user=None, xxhashDigestsEnabled=False, isTeam=False)


@RESOLVERS.field("Query", "organization")
def organization(context: Context, _: None, arguments: Arguments) -> None:
    """There are none here; the client asks at every start."""


@RESOLVERS.field("Mutation", "createCustomChart")
def create_custom_chart(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    return {"chart": {"id": "Q2hhcnQ6MQ=="}}
