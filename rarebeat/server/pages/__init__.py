"""The web pages on the URLs that the wandb client prints, made on the server, kept current by one script."""

from rarebeat.server.pages.routes import routes

__all__ = ["routes"]
