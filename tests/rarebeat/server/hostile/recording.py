"""What the real client sends, written down by a proxy between it and the server."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

# A little of everything that the client can do, so that each of its requests is recorded once at least.
SCENE = """
import json, os, wandb
from wandb.sdk.artifacts.artifact import Artifact

config = {"lr": 0.1, "net": {"depth": 2}, "name": "caf\\u00e9"}
with wandb.init(project="fuzz", id="recorded", config=config, tags=["a", "b"], group="g", notes="n") as run:
    for step in range(30):
        run.log({"loss": 1 / (step + 1), "val/auprc/N": step / 30, "epoch": step})
    run.log({"curve": wandb.Histogram([1, 2, 3]), "table": wandb.Table(columns=["a"], data=[[1]])})
    print("a line of the console")
    open("saved.txt", "w").write("saved")
    run.save("saved.txt", policy="now")
    artifact = Artifact("model", "model", metadata={"k": 1})
    artifact.add_file("saved.txt")
    run.log_artifact(artifact, aliases=["best"]).wait()
    run.use_artifact("model:best").download("fetched")
    run.alert("title", "text")
    run.summary["best"] = 0.5

api = wandb.Api(timeout=60)
run = api.run("local/fuzz/recorded")
for filters in ({"state": "finished"}, {"config.lr": {"$gte": 0.05}}, {"tags": {"$in": ["a"]}},
                {"display_name": {"$regex": "a.*"}}):
    len(api.runs("local/fuzz", filters=filters, order="-summary_metrics.loss"))
run.history(samples=10), run.history(keys=["loss"], samples=5), list(run.scan_history(page_size=10))
[file.url for file in run.files()], [one.name for one in run.logged_artifacts()]
run.tags.append("c"), run.config.update(more=1), run.update()
list(api.artifacts("model", "local/fuzz/model")), api.artifact("local/fuzz/model:latest").aliases
api.artifact_collection("model", "local/fuzz/model").name, [one.name for one in api.projects()]

sweep = {"method": "random", "metric": {"name": "loss", "goal": "minimize"}, "run_cap": 3,
         "early_terminate": {"type": "hyperband", "min_iter": 1},
         "parameters": {"x": {"min": 0.0, "max": 1.0}}}
name = wandb.sweep(sweep, project="fuzz")

def train():
    with wandb.init() as run:
        run.log({"loss": run.config["x"]})

wandb.agent(name, train, project="fuzz", count=1)
found = wandb.Api(timeout=60).sweep(f"local/fuzz/{name}")
found.best_run(), [one.name for one in found.runs]
"""


@dataclass(frozen=True)
class Request:
    """One request as bytes on the wire will say it; `path` is everything after the host."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


@contextmanager
def recording(url: str) -> Iterator[tuple[str, list[Request]]]:
    """The address of a proxy before the server at `url`, and the list that it writes requests to."""
    recorded: list[Request] = []
    there = urlsplit(url).netloc

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            recorded.append(Request(self.command, self.path, tuple(self.headers.items()), body))
            onwards = http.client.HTTPConnection(there, timeout=60)
            onwards.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                onwards.putheader(name, value)
            onwards.endheaders(body)
            answer = onwards.getresponse()
            content = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("date", "server", "content-length", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            onwards.close()

        do_GET = do_POST = do_PUT = do_HEAD = answer

        def log_message(self, *_: object) -> None:
            pass

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}", recorded
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join()
