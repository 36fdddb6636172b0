"""Who is asking, and what this server can do."""

from __future__ import annotations

import base64
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
    "SWEEPS_QUERY_FILTERING",
    "ARTIFACT_COLLECTIONS_FILTERING_SORTING",
)
NEWEST = "0.31.999"  # of the clients whose protocol this is
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


def user_of(name: str | None) -> dict[str, Any]:
    """The user whose key has this name; None is the owner. All work in the one entity that there is."""
    if name is None:
        return USER
    own = {"id": base64.b64encode(f"User:{name}".encode()).decode(), "email": f"{name}@localhost"}
    return {**USER, **own, "name": name, "username": name, "admin": False}


@RESOLVERS.field("Query", "viewer")
def viewer(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    return user_of(context.user)


@RESOLVERS.field("Query", "users")
def users(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    return {"edges": [{"node": USER}]}


@RESOLVERS.field("Query", "serverInfo")
def server_info(context: Context, _: None, arguments: Arguments) -> dict[str, Any]:
    features = [{"__typename": "Feature", "name": name, "isEnabled": True} for name in FEATURES]
    return {"features": features, "cliVersionInfo": {"min_cli_version": "0.31.0", "max_cli_version": NEWEST}}


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
