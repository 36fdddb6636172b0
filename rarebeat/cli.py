"""The command line. Each command lives in a module of its own, imported only when it is called."""

from __future__ import annotations

import importlib

import click

from data_utils.errors import BadInput

COMMANDS = {
    "up": "rarebeat.server.commands:up",
    "down": "rarebeat.server.commands:down",
    "status": "rarebeat.server.commands:status",
    "backup": "rarebeat.server.backup:backup",
    "keys": "rarebeat.server.key_commands:keys",
    "data": "rarebeat.data:data",
    "check": "rarebeat.check:check",
    "sweep": "rarebeat.sweep:sweep",
    "agent": "rarebeat.agent:agent",
    "schedule": "rarebeat.schedule:schedule",
    "leaderboard": "rarebeat.leaderboard:leaderboard",
    "confirm": "rarebeat.confirm:confirm",
    "report": "rarebeat.report.command:report",
    "best": "rarebeat.best:best",
    "ensemble": "rarebeat.ensemble:ensemble",
    "prune": "rarebeat.prune:prune",
    "tune": "rarebeat.tune:tune",
    "evaluate": "rarebeat.evaluate:evaluate",
}


class LazyGroup(click.Group):
    """Imports a command when it is asked for, and turns `BadInput` into one sentence and exit code 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, attribute = COMMANDS[name].split(":")
        return getattr(importlib.import_module(module), attribute)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        # While a shell completes a line, a wrong word is nobody's mistake yet.
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            from rarebeat.search.errors import did_you_mean  # brings numpy, and only a wrong word wants it

            ctx.fail(f"No such command {name!r}{did_you_mean(name, COMMANDS)}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BadInput as error:
            failure = click.ClickException(str(error))
            failure.exit_code = 2
            raise failure from error


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rarebeat")
def main() -> None:
    """Weights & Biases sweeps over Keras ECG classifiers when the classes that matter are rare."""
