"""What a user does with artifacts, through the real SDK."""

import textwrap

LOG = """
    import json, wandb
    def log(name, content, aliases=(), **more):
        with wandb.init(project="{project}") as run:
            artifact = wandb.Artifact(name, "model", **more)
            for file, text in content.items():
                with artifact.new_file(file) as opened:
                    opened.write(text)
            return run.log_artifact(artifact, aliases=list(aliases)).wait(), run
    api = wandb.Api()
"""


def script(client, project, code):
    return client.script(textwrap.dedent(LOG.format(project=project)) + textwrap.dedent(code))


def test_a_user_logs_versions_and_downloads_them_by_alias(client):
    found = script(
        client,
        "art1",
        """
        log("m", {"a/b.txt": "one", "c.txt": "same"}, ["first"], metadata={"auc": 0.9})
        log("m", {"a/b.txt": "two", "c.txt": "same"}, ["best"])
        latest, first = api.artifact("local/art1/m:latest"), api.artifact("local/art1/m:first")
        folder = first.download("down")
        first.verify(folder)
        print(json.dumps([latest.version, sorted(latest.aliases), first.version,
                          first.metadata, first.size, first.file_count,
                          open(folder + "/a/b.txt").read(), first.get_entry("c.txt").download("one"),
                          [a.name for a in api.artifacts("model", "local/art1/m")]]))
    """,
    )
    assert found[:7] == ["v1", ["best", "latest"], "v0", {"auc": 0.9}, 7, 2, "one"]
    assert found[8] == ["m:v1", "m:v0"]


def test_the_same_content_again_is_the_same_version_and_both_runs_have_it(client):
    found = script(
        client,
        "art2",
        """
        _, one = log("m", {"x.txt": "same"}, ["a"])
        artifact, two = log("m", {"x.txt": "same"}, ["b"])
        logged = [[a.name for a in api.run(f"local/art2/{run.id}").logged_artifacts()] for run in (one, two)]
        print(json.dumps([artifact.version, sorted(api.artifact("local/art2/m:v0").aliases), logged]))
    """,
    )
    assert found == ["v0", ["a", "b", "latest"], [["m:v0"], ["m:v0"]]]


def test_a_run_uses_an_artifact_and_each_knows_of_the_other(client):
    found = script(
        client,
        "art3",
        """
        _, maker = log("data", {"x.txt": "1"})
        with wandb.init(project="art3") as user:
            path = user.use_artifact("data:latest").download()
        artifact = api.artifact("local/art3/data:v0")
        users = [run.id for run in artifact.used_by()]
        print(json.dumps([artifact.logged_by().id == maker.id, users == [user.id],
                          [a.name for a in api.run(f"local/art3/{user.id}").used_artifacts()]]))
    """,
    )
    assert found == [True, True, ["data:v0"]]


def test_a_user_moves_aliases_describes_links_and_deletes(client):
    found = script(
        client,
        "art4",
        """
        log("m", {"x.txt": "1"}, ["best"])
        log("m", {"x.txt": "2"}, ["best"])
        old, new = api.artifact("local/art4/m:v0"), api.artifact("local/art4/m:v1")
        had = [list(old.aliases), sorted(new.aliases)]
        old.aliases.append("keep"); old.description = "words"; old.metadata["k"] = 1; old.tags = ["t"]
        old.save()
        old = wandb.Api().artifact("local/art4/m:keep")
        old.link("local/art4/shelf", ["prod"])
        linked = wandb.Api().artifact("local/art4/shelf:prod")
        new.delete(delete_aliases=True)
        there = [wandb.Api().artifact_exists(f"local/art4/m:{alias}") for alias in ("v0", "v1", "best")]
        print(json.dumps([had, old.description, old.metadata, old.tags, linked.source_name, there]))
    """,
    )
    assert found == [[[], ["best", "latest"]], "words", {"k": 1}, ["t"], "m:v0", [True, False, False]]


def test_a_reference_is_kept_as_the_address_that_it_is(client):
    (client.folder / "big.bin").write_bytes(b"0" * 100)
    found = script(
        client,
        "art5",
        """
        import os
        with wandb.init(project="art5") as run:
            artifact = wandb.Artifact("ref", "dataset")
            artifact.add_reference("file://" + os.path.abspath("big.bin"))
            run.log_artifact(artifact).wait()
        artifact = api.artifact("local/art5/ref:latest")
        folder = artifact.download("down")
        print(json.dumps([os.path.getsize(folder + "/big.bin"), artifact.file_count]))
    """,
    )
    assert found == [100, 1]
