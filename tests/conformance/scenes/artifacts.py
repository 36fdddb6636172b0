"""Everything that a user does with artifacts: in runs, in scripts that only read, to their collections."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import wandb
from scene import play, raised, restart, step

PROJECT = "artifacts"


def made(name: str, kind: str = "model", **files: str) -> wandb.Artifact:
    artifact = wandb.Artifact(name, kind)
    for file, text in files.items():
        with artifact.new_file(file.replace("__", "/") + ".txt") as opened:
            opened.write(text)
    return artifact


def logged(name: str, kind: str = "model", aliases: tuple[str, ...] = (), **files: str) -> tuple:
    """The artifact as it was committed, and the run that logged it."""
    with wandb.init(project=PROJECT) as run:
        return run.log_artifact(made(name, kind, **files), aliases=list(aliases)).wait(), run


def got(name: str) -> wandb.Artifact:
    return wandb.Api().artifact(f"local/{PROJECT}/{name}")


def there(name: str) -> bool:
    return wandb.Api().artifact_exists(f"local/{PROJECT}/{name}")


@step
def versions() -> dict:
    with wandb.init(project=PROJECT) as run:
        artifact = made("m", a__b="one", c="same")
        artifact.metadata, artifact.description = {"auc": 0.9}, "the first"
        run.log_artifact(artifact, aliases=["first", "best"])
        restart()
        run.log_artifact(made("m", a__b="two", c="same"), aliases=["best"]).wait()
        artifact.wait()
    first, latest = got("m:first"), got("m:latest")
    folder = first.download("down")
    first.verify(folder)
    Path(folder, "extra.txt").write_text("more")
    Path(folder, "c.txt").write_text("changed")
    wrong = raised(lambda: first.verify(folder))
    first.checkout("checked")
    return {
        "names": [first.name, latest.name],
        "aliases": [sorted(first.aliases), sorted(latest.aliases)],
        "metadata": first.metadata,
        "description": first.description,
        "size": [first.size, first.file_count],
        "text": Path("checked/a/b.txt").read_text(),
        "wrong": wrong,
        "checked": sorted(os.listdir("checked")),
        "one": Path(latest.get_entry("a/b.txt").download("one")).read_text(),
        "files": sorted(file.name for file in latest.files()),
        "history": [a.version for a in wandb.Api().artifacts("model", f"local/{PROJECT}/m")],
        "types": [latest.type, latest.state, latest.source_project, latest.commit_hash == latest.digest],
    }


@step
def same_content() -> dict:
    _, one = logged("same", aliases=("a",), x="same")
    restart()
    artifact, two = logged("same", aliases=("b",), x="same")
    api = wandb.Api()
    return {
        "version": artifact.version,
        "aliases": sorted(got("same:v0").aliases),
        "outputs": [
            [a.name for a in api.run(f"local/{PROJECT}/{r.id}").logged_artifacts()] for r in (one, two)
        ],
    }


@step
def lineage() -> dict:
    _, maker = logged("data", "dataset", x="1")
    with wandb.init(project=PROJECT) as user:
        used = user.use_artifact("data:latest", type="dataset")
        restart()
        text = Path(used.file("down-data")).read_text()
    artifact = got("data:v0")
    run = wandb.Api().run(f"local/{PROJECT}/{user.id}")
    with wandb.init(project=PROJECT) as wrong:
        mismatch = raised(lambda: wrong.use_artifact("data:latest", type="model"))
        missing = raised(lambda: wrong.use_artifact("nothing:latest"))
    return {
        "text": text,
        "by": artifact.logged_by().id == maker.id,
        "missing": missing,
        "mismatch": mismatch,
        "used_by": [r.id for r in artifact.used_by()] == [user.id],
        "inputs": [a.name for a in run.used_artifacts()],
    }


@step
def later_by_api() -> dict:
    """A run that has ended still takes artifacts through wandb.Api."""
    logged("after", x="1")
    with wandb.init(project=PROJECT) as run:
        pass
    api = wandb.Api()
    ended = api.run(f"local/{PROJECT}/{run.id}")
    restart()
    ended.use_artifact(api.artifact(f"local/{PROJECT}/after:v0"))
    ended.log_artifact(api.artifact(f"local/{PROJECT}/after:v0"), aliases=["again"])
    again = wandb.Api().run(f"local/{PROJECT}/{run.id}")
    return {
        "used": [a.name for a in again.used_artifacts()],
        "logged": [a.name for a in again.logged_artifacts()],
        "aliases": sorted(got("after:v0").aliases),
    }


@step
def edits() -> dict:
    logged("e", aliases=("best", "old"), x="1")
    artifact = got("e:v0")
    artifact.aliases.remove("old")
    artifact.aliases.append("new")
    artifact.description, artifact.metadata, artifact.tags = "words", {"k": [1, {"deep": None}]}, ["t", "u"]
    artifact.ttl = timedelta(days=7)
    artifact.save()
    restart()
    after = got("e:new")
    facts = {
        "aliases": sorted(after.aliases),
        "words": after.description,
        "metadata": after.metadata,
        "tags": sorted(after.tags),
        "ttl": str(after.ttl),
        "gone": there("e:old"),
    }
    after.tags, after.ttl = ["u"], None
    after.save()
    return {**facts, "fewer": got("e:v0").tags, "no ttl": str(got("e:v0").ttl)}


@step
def links() -> dict:
    artifact, _ = logged("l", x="1")
    newer, _ = logged("l", x="2")
    artifact.link(f"local/{PROJECT}/shelf", ["prod"])
    restart()
    with wandb.init(project=PROJECT) as run:
        linked = run.link_artifact(newer, f"local/{PROJECT}/shelf", aliases=["next"])
        own = run.link_artifact(made("l", x="3"), "shelf")
    prod = got("shelf:prod")
    facts = {
        "names": [prod.name, prod.source_name, prod.is_link, prod.version, prod.source_version],
        "next": linked.name if linked else None,
        "own": own.name if own else None,
        "links": sorted(a.name for a in artifact.linked_artifacts),
        "text": Path(prod.file("prod")).read_text(),
        "type": prod.type,
    }
    prod.unlink()
    return {**facts, "unlinked": [there("shelf:prod"), there("l:v0")]}


@step
def drafts() -> dict:
    artifact, _ = logged("d", keep="1", change="1", drop="1")
    draft = artifact.new_draft()
    draft.remove("drop.txt")
    draft.remove("change.txt")
    for name in ("change.txt", "add.txt"):
        with draft.new_file(name) as file:
            file.write("22")
    restart()
    with wandb.init(project=PROJECT) as run:
        run.log_artifact(draft).wait()
    incremental = wandb.Artifact("d", "model", incremental=True)
    with incremental.new_file("more.txt") as file:
        file.write("333")
    with wandb.init(project=PROJECT) as run:
        run.log_artifact(incremental).wait()
    latest = got("d:latest")
    folder = Path(latest.download("drafted"))
    latest.verify(str(folder))
    with wandb.init(project=PROJECT) as run:
        parts = raised(lambda: run.upsert_artifact(made("parts", x="1"), distributed_id="d").wait())
    return {
        "version": latest.version,
        "texts": {p.name: p.read_text() for p in sorted(folder.iterdir())},
        "parts": parts,
    }


@step
def references() -> dict:
    Path("big.bin").write_bytes(b"0" * 100)
    artifact = wandb.Artifact("ref", "dataset")
    artifact.add_reference(Path("big.bin").resolve().as_uri(), name="renamed.bin")
    artifact.add_reference("https://example.invalid/data.h5", checksum=False)
    artifact.add_file("big.bin", name="copied.bin", policy="immutable")
    with wandb.init(project=PROJECT) as run:
        run.log_artifact(artifact).wait()
    restart()
    found = got("ref:latest")
    entry = found.get_entry("renamed.bin")
    return {
        "files": sorted(found.manifest.entries),
        "ref": entry.ref.startswith("file://"),
        "size": os.path.getsize(entry.download("referred")),
        "url": found.get_entry("data.h5").ref_target(),
        "count": found.file_count,
    }


@step
def tables() -> dict:
    import numpy as np

    artifact = wandb.Artifact("tables", "predictions")
    table = wandb.Table(columns=["id", "image"], data=[[1, wandb.Image(np.zeros((2, 2), np.uint8))]])
    artifact.add(table, "table")
    with wandb.init(project=PROJECT) as run:
        run.log_artifact(artifact).wait()
        restart()
        run.log({"shown": run.use_artifact("tables:latest").get("table")})
    found = got("tables:v0").get("table")
    other = wandb.Artifact("joined", "predictions")
    other.add(got("tables:v0").get("table"), "again")
    with wandb.init(project=PROJECT) as run:
        run.log_artifact(other).wait()
    joined = got("joined:v0").get("again")
    return {
        "columns": found.columns,
        "rows": len(found.data),
        "image": found.data[0][1]._width,
        "joined": joined.data[0][0],
    }


@step
def models() -> dict:
    Path("model.keras").write_text("weights")
    with wandb.init(project=PROJECT) as run:
        run.log_model("model.keras", name="net", aliases=["good"])
    restart()
    with wandb.init(project=PROJECT) as run:
        path = run.use_model("net:good")
        run.link_model("model.keras", "registered", name="net2", aliases=["staging"])
    registered = wandb.Api().artifact("local/model-registry/registered:staging")
    return {"text": Path(path).read_text(), "type": got("net:good").type, "linked": registered.source_name}


@step
def deletion() -> dict:
    logged("gone", aliases=("a",), x="1")
    logged("gone", x="2")
    refused = raised(lambda: got("gone:v0").delete())
    restart()
    got("gone:v0").delete(delete_aliases=True)
    after = [there("gone:v0"), there("gone:a"), there("gone:v1")]
    again, _ = logged("gone", x="1")
    got("gone:v1").delete()
    return {"refused": refused, "after": after, "again": again.version, "latest": got("gone:latest").version}


@step
def collections() -> dict:
    logged("col", x="1")
    api = wandb.Api()
    collection = api.artifact_collection("model", f"local/{PROJECT}/col")
    collection.description, collection.tags = "what it is", ["c1", "c2"]
    collection.save()
    restart()
    renamed = wandb.Api().artifact_collection("model", f"local/{PROJECT}/col")
    facts = {"words": renamed.description, "tags": sorted(renamed.tags), "aliases": sorted(renamed.aliases)}
    renamed.name, renamed.type, renamed.tags = "renamed", "network", ["c2"]
    renamed.save()
    api = wandb.Api()
    moved = api.artifact_collection("network", f"local/{PROJECT}/renamed")
    facts |= {
        "moved": [moved.name, moved.type, moved.tags],
        "text": got("renamed:v0").type,
        "old": there("col:v0"),
        "exists": api.artifact_collection_exists(f"local/{PROJECT}/renamed", "network"),
        "types": sorted(kind.name for kind in api.artifact_types(f"local/{PROJECT}"))[:2],
        "listed": "renamed"
        in [c.name for c in api.artifact_type("network", f"local/{PROJECT}").collections()],
    }
    moved.delete()
    exists = wandb.Api().artifact_collection_exists(f"local/{PROJECT}/renamed", "network")
    return {**facts, "deleted": [there("renamed:v0"), exists]}


@step
def filters() -> dict:
    for n in range(3):
        with wandb.init(project=PROJECT) as run:
            artifact = made("filtered", x=str(n))
            artifact.metadata = {"n": n}
            run.log_artifact(artifact, aliases=[f"n{n}"], tags=[f"tag{n}"]).wait()
    restart()
    api, path = wandb.Api(), f"local/{PROJECT}/filtered"
    project = api.project(PROJECT, "local")
    return {
        "tags": [a.version for a in api.artifacts("model", path, tags="tag1")],
        "order": [a.version for a in api.artifacts("model", path, order="+created_at")],
        "paged": [a.version for a in api.artifacts("model", path, per_page=1)],
        "collections": [c.name for c in project.collections(filters={"name": {"$regex": "filt"}})],
        "count": len(api.artifacts("model", path)),
    }


@step
def many_files() -> dict:
    artifact = wandb.Artifact("many", "dataset")
    for n in range(60):
        with artifact.new_file(f"{n % 7}/{n}.txt") as file:
            file.write(str(n))
    with artifact.new_file("large.bin", "wb") as file:
        file.write(os.urandom(1000) * 10_000)
    with wandb.init(project=PROJECT) as run:
        pending = run.log_artifact(artifact)
        restart()
        pending.wait()
    found = got("many:latest")
    folder = found.download("many")
    found.verify(folder)
    prefix = Path(found.download("part", path_prefix="3/"))
    return {
        "count": found.file_count,
        "files": sum(1 for _ in Path(folder).rglob("*.txt")),
        "large": os.path.getsize(f"{folder}/large.bin"),
        "prefix": sorted(p.name for p in prefix.iterdir()),
        "manifest": len(json.dumps(found.manifest.to_manifest_json())) > 1000,
    }


if __name__ == "__main__":
    play()
