"""The page of a sweep that is under way, in a real browser, while real agents work on it."""

from __future__ import annotations

import pytest

TRAIN = """
    import time, wandb
    with wandb.init() as run:
        for epoch in range(2):
            run.log({"epoch": epoch, "loss": 1 / run.config["x"], "score": run.config["x"] * (epoch + 1)})
            time.sleep(0.2)
"""
SWEEP = """
    program: train.py
    method: grid
    metric: {name: score, goal: maximize}
    parameters:
      x: {values: [3, 11, 7, 5, 2, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47]}
"""
PATIENCE = 120_000  # ms


@pytest.fixture
def under_way(client):
    """A sweep and its agent, which ends with the test."""
    path = client.sweep(SWEEP, TRAIN)
    agents = []
    yield path, lambda: agents.append(client.agent(path))
    client.wandb("sweep", "--cancel", path)
    for agent in agents:
        agent.wait(60)


def _runs(page):
    return page.locator("table.runs tbody tr").count()


def _column(page, name):
    heads = page.locator("table.runs thead th").all_inner_texts()
    place = next(number for number, head in enumerate(heads) if name in head)
    cells = page.locator(f"table.runs tbody tr > :nth-child({place + 1})").all_inner_texts()
    return [float(cell) for cell in cells if cell]


def test_a_sweep_is_followed_and_steered_from_its_page(under_way, browse, eventually):
    path, start_agent = under_way
    entity, project, sweep = path.split("/")
    page = browse(f"/{entity}/{project}/sweeps/{sweep}")
    assert "No run yet" in page.inner_text("#leaderboard")
    page.evaluate("window.never_reloaded = true")
    page.locator("#yaml summary").click()  # closed by its reader
    page.locator("input[name=find]").press_sequentially("half a na")
    start_agent()
    page.wait_for_selector("table.runs tbody tr", timeout=PATIENCE)
    page.wait_for_selector("table.runs .state.finished", timeout=PATIENCE)
    assert page.evaluate("window.never_reloaded") is True
    assert page.locator("#yaml[open]").count() == 0
    assert page.input_value("input[name=find]") == "half a na"
    assert page.evaluate("document.activeElement.name") == "find"
    page.fill("input[name=find]", "")
    page.get_by_role("button", name="Copy: wandb agent").click()
    page.wait_for_selector("#commands button:has-text('copied')")
    assert "agent-" in page.inner_text("#agents")

    page.get_by_role("button", name="pause").click()
    page.wait_for_selector("#beside .state.paused")
    page.wait_for_selector("table.runs .state.running", state="detached", timeout=PATIENCE)
    page.wait_for_timeout(1500)
    count = _runs(page)
    page.get_by_role("button", name="resume").click()
    page.wait_for_selector("#beside .state.running")
    eventually(lambda: page.wait_for_timeout(300) or _runs(page) > count, "a run after resuming")

    assert _column(page, "score") == sorted(_column(page, "score"), reverse=True)
    page.locator("table.runs thead a", has_text="loss").click()
    page.wait_for_selector("th[aria-sort=descending]:has-text('loss')")
    assert _column(page, "loss") == sorted(_column(page, "loss"), reverse=True)
    assert "sort=loss" in page.url
    page.locator("table.runs thead a", has_text="x").first.click()
    page.locator("table.runs thead a", has_text="x").first.click()
    page.wait_for_selector("th[aria-sort=ascending]")
    assert _column(page, "x") == sorted(_column(page, "x"))

    plain = browse(page.url, script=False)
    assert _column(plain, "x") == sorted(_column(plain, "x"))
    plain.select_option("select[name=state]", "failed")
    plain.get_by_role("button", name="apply").click()
    assert "No run is like that" in plain.inner_text("#leaderboard")

    page.locator("#cancel summary").click()
    page.get_by_role("button", name="kill its runs").click()
    page.wait_for_selector("#beside .state.canceled")
    assert "sort=config.x" in page.url
