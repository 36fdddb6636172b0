"""The pages of one run, and those of the artifacts that runs make and use."""

from rarebeat.server.pages.run.routes import routes

__all__ = ["routes"]
