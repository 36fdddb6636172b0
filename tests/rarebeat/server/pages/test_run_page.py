"""The pages of a run that the real client has logged, in a real browser."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import urllib.error
import urllib.request

import pytest

LOG = """
    import json, sys
    import numpy as np
    import wandb

    rng = np.random.default_rng(0)
    config = {"loss": "focal", "dataset": {"classes": ["N", "S", "V"], "rate": 360}}
    run = wandb.init(project="pages", name="<i>one</i> run", notes="why <b>this</b>", group="folds",
                     tags=["first"], config=config)
    for epoch in range(6):
        row = {"train/loss": 1 / (epoch + 1), "val/loss": 2 / (epoch + 1), "val/macro_auprc": epoch / 10}
        row |= {f"val/auprc/{name}": (epoch + place) / 10 for place, name in enumerate("NSV")}
        row["weights"] = wandb.Histogram(rng.normal(size=50))
        if epoch in (2, 4):
            pixels = np.full((20, 30, 3), 40 * epoch, np.uint8)
            row["beats"] = [wandb.Image(pixels, caption=f"beat <{epoch}>")]
        run.log(row)
        print("epoch", epoch, "\\x1b[32mdone\\x1b[0m")
    print("careful <script>", file=sys.stderr)
    truth = np.arange(60) % 3
    p = np.eye(3)[truth] * 0.5 + rng.dirichlet(np.ones(3), 60) * 0.5
    names = ["N", "S", "V"]
    rows = [[place, f"row <b>{place}</b>", place / 7, wandb.Image(pixels)] for place in range(60)]
    run.log({
        "pr": wandb.plot.pr_curve(truth, p, labels=names),
        "confusion": wandb.plot.confusion_matrix(y_true=truth.tolist(), preds=p.argmax(1).tolist(),
                                                 class_names=names),
        "decided": wandb.Table(["true", "decided", "n"], [["a", "a", 3], ["a", "b", 1], ["b", "a", 0],
                                                          ["b", "b", 7]]),
        "rows": wandb.Table(["place", "words", "share", "picture"], rows),
        "last": float("nan"),
    })
    for name, text in [("evil.html", "<script>document.title = 'run'</script>hello"),
                       ("evil.svg", "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")]:
        with open(name, "w") as file:
            file.write(text)
        run.save(name, policy="now")
    run.alert("Loss <rises>", "from step 3 on", level="ERROR")
    run.alert("Loss <rises>", "from step 4 on", level="ERROR")
    artifact = wandb.Artifact("net", "model", metadata={"rate": 360}, description="a net")
    artifact.add_file("evil.svg", "parts/drawing.svg")
    run.log_artifact(artifact, aliases=["good"]).wait()
    run.finish()
    with wandb.init(project="pages") as user:
        user.use_artifact("net:good")
    print(json.dumps({"run": run.id, "user": user.id}))
"""
FAIL = """
    import wandb
    run = wandb.init(project="pages")
    print(run.id, flush=True)
    run.log({"loss": 1})
    raise ValueError("no <such> column")
"""


def _script(code, backend, folder):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=folder,
        env={**backend.env, "WANDB_SILENT": "true"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done


@pytest.fixture(scope="module")
def logged(backend, tmp_path_factory):
    """Ids of a run with some of everything, and of one that used its artifact."""
    done = _script(LOG, backend, tmp_path_factory.mktemp("work"))
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.fixture
def at(logged):
    return lambda tab="": f"/local/pages/runs/{logged['run']}{tab}"


def _get(address):
    with urllib.request.urlopen(address, timeout=30) as answer:
        return answer.headers, answer.read()


def test_charts_show_what_belongs_together_in_one(browse, at, grave_faults):
    page = browse(at())
    assert page.locator("h1").inner_text() == "<i>one</i> run"
    titles = page.locator(".chart figcaption").all_inner_texts()
    assert {"loss", "val/macro_auprc", "val/auprc", "last"} <= set(titles)
    loss, classes, last = (
        page.locator(f'.chart:has(figcaption:text-is("{name}"))') for name in ("loss", "val/auprc", "last")
    )
    assert loss.locator(".key li").all_text_contents() == ["val 0.3333", "train 0.1667"]
    assert classes.locator(".key li").all_text_contents() == ["N 0.5", "S 0.6", "V 0.7"]
    assert classes.locator("svg path.line").count() == 3
    assert last.locator(".key").text_content().strip() == "NaN"
    assert "val: last 0.3333, lowest 0.3333, highest 2" in loss.locator("desc").text_content()
    box = loss.locator("svg").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert "step" in loss.locator("figcaption").inner_text()
    # In the middle of steps 0 to 5 the nearer of 2 and 3: 2 / 3 and 1 / 3, or 2 / 4 and 1 / 4.
    assert loss.locator(".key b").all_inner_texts() in (["0.667", "0.333"], ["0.5", "0.25"])
    about = page.locator("#about").inner_text()
    assert all(words in about for words in ("why <b>this</b>", "folds", "exit code\n0", "host"))
    assert page.locator(".alerts").inner_text().count("Loss <rises>") == 1, "a minute apart, says the client"
    page.get_by_label("Metrics").fill("auprc")
    page.get_by_label("Smoothed").select_option("a lot")
    page.get_by_role("button", name="Draw").click()
    assert page.locator(".chart figcaption").all_inner_texts()[:2] == ["val/macro_auprc", "val/auprc"]
    assert page.locator("svg path.under").count() == 4
    assert "smooth=0.9" in page.url
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert grave_faults(page) == []


def test_plots_tables_histograms_and_images_are_shown(browse, at, grave_faults):
    page = browse(at("/results"))
    titles = page.locator(".chart figcaption").all_inner_texts()
    assert titles == ["Precision-Recall Curve", "Confusion Matrix Curve", "decided", "weights"]
    curve = page.locator(".chart").first
    assert curve.locator(".key li").all_text_contents() == ["N", "S", "V"]
    assert page.locator(".chart").nth(2).locator("svg text.small").all_text_contents() == list("3107")
    table = page.get_by_role("region", name="rows")
    assert "row <b>3</b>" in table.inner_text()
    assert table.locator("tbody tr").count() == 10
    shown = "image => image.complete && image.naturalWidth"
    page.locator(".images img").scroll_into_view_if_needed()
    page.wait_for_function(f"[...document.querySelectorAll('.images img')].every({shown})")
    assert page.locator(".images figcaption").inner_text() == "beat <4>"
    assert grave_faults(page) == []
    page.get_by_role("link", name="all rows").click()
    assert page.locator("tbody tr").count() == 50
    page.get_by_role("link", name="later").click()
    assert "Rows 51–60 of 60" in page.locator("#table").inner_text()
    page.wait_for_function(f"[...document.querySelectorAll('img')].every({shown})")
    page.goto(at("/results?step=3"))
    assert page.locator(".images figcaption").inner_text() == "beat <2>"
    assert page.locator(".chart figcaption").all_inner_texts() == ["weights"]


def test_configuration_console_files_and_artifacts_are_shown(browse, at, logged, grave_faults):
    page = browse(at("/overview"), width=400)
    assert page.locator("#config details").count() == 1
    page.locator("#config summary").click()
    assert '["N", "S", "V"]' in page.locator("#config").inner_text()
    row = page.locator("#summary tr", has_text="val/loss").inner_text().split()
    assert row == ["val/loss", "0.3333", "0.3333", "2"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert grave_faults(page) == []

    page.goto(at("/logs"))
    lines = page.locator(".console li code").all_inner_texts()
    assert lines[:2] == ["epoch 0 done", "epoch 1 done"]
    assert page.locator(".console li.error code").all_inner_texts()[0] == "careful <script>"
    assert grave_faults(page) == []

    page.goto(at("/artifacts"))
    page.get_by_role("link", name="net:v0").click()
    assert page.locator(".command code").all_inner_texts() == [
        "wandb artifact get local/pages/net:v0",
        "python -c 'import wandb; print(wandb.Api().artifact(\"local/pages/net:v0\").download())'",
    ]
    assert logged["user"] in page.locator("#runs").inner_text()
    assert "rate\n360" in page.locator("#metadata").inner_text()
    assert page.locator(".tag").all_inner_texts() == ["latest", "good"]
    assert grave_faults(page) == []
    page.goto(f"/local/pages/runs/{logged['user']}/artifacts")
    assert "net:v0" in page.get_by_role("region", name="Used").inner_text()


def test_a_file_of_a_run_never_becomes_a_page_of_ours(browse, at, backend):
    page = browse(at("/files"))
    title, said = page.title(), []
    page.on("dialog", lambda dialog: said.append(dialog.message))
    for name in ("evil.html", "evil.svg"):
        address = backend.url + page.get_by_role("link", name=name).get_attribute("href")
        headers, body = _get(address)
        assert headers["Content-Disposition"].startswith("attachment")
        assert headers["Content-Type"] == "application/octet-stream"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in headers["Content-Security-Policy"]
        for lead in ("click", "go"):
            with page.expect_download() as saved:
                if lead == "click":
                    page.get_by_role("link", name=name).click()
                else:
                    page.evaluate("address => { location = address }", address)
            assert saved.value.path().read_bytes() == body
    assert (page.title(), said) == (title, [])


def test_a_run_that_failed_says_why_and_is_told_of_on_the_first_page(browse, backend, tmp_path, logged):
    done = _script(FAIL, backend, tmp_path)
    assert done.returncode == 1
    page = browse(f"/local/pages/runs/{done.stdout.split()[0]}")
    ending = page.locator(".ending").inner_text()
    assert "exit code 1" in ending
    assert "ValueError: no <such> column" in ending
    page.goto("/")
    assert "Loss <rises>" in page.locator("#alerted").inner_text()


def test_a_page_follows_its_run_stops_it_and_works_without_script(browse, backend, at):
    query = """mutation { upsertBucket(input: {modelName: "pages", entityName: "local", name: "followed",
        host: "h"}) { bucket { id } } }"""
    _post(backend, "/graphql", {"query": query})
    page = browse("/local/pages/runs/followed")
    assert "Nothing has been logged yet" in page.locator("#charts").inner_text()
    rows = [json.dumps({"_step": step, "loss": 1.5}) for step in range(3)]
    stream = "/files/local/pages/followed/file_stream"
    _post(backend, stream, {"files": {"wandb-history.jsonl": {"offset": 0, "content": rows}}})
    page.locator(".chart").wait_for(timeout=20_000)
    assert page.locator(".key").text_content().strip() == "1.5"
    page.get_by_text("stop…").click()
    page.get_by_role("button", name="end this run").click()
    assert "It has been asked to stop." in page.locator(".ending").inner_text()
    assert _post(backend, stream, {})["stopped"] is True
    with pytest.raises(urllib.error.HTTPError, match="403"):
        _post(backend, "/local/pages/runs/followed/stop", {})
    plain = browse(at("/results"), script=False)
    assert plain.locator(".chart").count() == 4
    plain.get_by_role("link", name="Console", exact=True).click()
    assert plain.locator(".console li").count() >= 7


def _post(backend, path, body):
    request = urllib.request.Request(backend.url + path, json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
