"""What W&B has and this server has not: refused at once and in words, where null would puzzle the client."""

from __future__ import annotations

from typing import Any

from rarebeat.server.arguments import Arguments
from rarebeat.server.context import Context
from rarebeat.server.errors import RequestError
from rarebeat.server.operations.registry import RESOLVERS, paged

REFUSED = {
    "run queues: start agents with `wandb agent`": (
        "Project.runQueue",
        "Project.runQueues",
        "Mutation.createDefaultResourceConfig",
        "Mutation.createRunQueue",
        "Mutation.upsertRunQueue",
        "Mutation.deleteRunQueues",
        "Mutation.deleteFromRunQueue",
        "Mutation.pushToRunQueue",
    ),
    "teams: whoever has a key sees everything": (
        "Entity.available",
        "Mutation.createTeam",
        "Mutation.createInvite",
        "Mutation.deleteInvite",
        "Mutation.createServiceAccount",
        "Mutation.createUser",
    ),
    "keys that a client can make: `rarebeat keys` makes them": (
        "Mutation.generateApiKey",
        "Mutation.deleteApiKey",
    ),
    "automations": (
        "Entity.projects",
        "Mutation.createFilterTrigger",
        "Mutation.updateFilterTrigger",
        "Mutation.deleteTrigger",
    ),
    "integrations": ("Entity.integrations", "Mutation.createGenericWebhookIntegration"),
    "reports that a client can make": ("Mutation.upsertView", "Mutation.deleteView"),
}


def _refuse(what: str, field: str) -> None:
    def refused(context: Context, source: Any, arguments: Arguments) -> None:
        raise RequestError(f"this server has no {what}")

    RESOLVERS.field(*field.split("."))(refused)


for _what, _fields in REFUSED.items():
    for _field in _fields:
        _refuse(_what, _field)


# Asked for together with what is refused of a team.
RESOLVERS.constants(
    "Entity",
    photoUrl=None,
    readOnly=False,
    readOnlyAdmin=False,
    entityType="user",
    privateOnly=False,
    storageBytes=0,
    codeSavingEnabled=False,
    defaultAccess=None,
    isPaid=False,
    members=None,
)


@RESOLVERS.field("Project", "allViews")
def reports(context: Context, project: Any, arguments: Arguments) -> dict[str, Any]:
    """There are none."""
    return paged([], arguments)
