"""The whole road with the real command lines: simulated beats, sweep, agents, leaderboard, best, evaluate."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

# Of the validation side, as counted in the runs' own predictions, which give the logged objective again.
FEW = "TOO FEW PATIENTS (2)"


@pytest.fixture(scope="module")
def shell(tmp_path_factory, terminal, backend, sweep_yaml):
    """A terminal in which the shared backend is configured."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "sweep.yaml").write_text(sweep_yaml, encoding="utf-8")
    return terminal(folder, backend.env)


@pytest.fixture(scope="module")
def path(shell, data) -> str:
    """A sweep that two of the vendor's agents, side by side, have run to its end."""
    created = shell.run("wandb", "sweep", "sweep.yaml")
    path = re.search(r"wandb agent (\S+)", created.stdout + created.stderr)[1]
    shell.environment["RAREBEAT_DATA"] = str(data)
    agents = [shell.start("wandb", "agent", path, "--count", "2") for _ in range(2)]
    for agent in agents:
        shell.end(agent)
    return path


@pytest.fixture(scope="module")
def model(shell, path) -> Path:
    """The best run's model, brought home."""
    shell.run("rarebeat", "best", path, "-o", "runs/best")
    return shell.folder / "runs/best"


def test_two_agents_share_a_grid_every_point_once_all_finished(shell, path):
    board = shell.json("rarebeat", "leaderboard", path)
    assert [run["state"] for run in board["runs"]] == ["finished"] * 4
    assert [(run["interval"], run["tied"]) for run in board["runs"]] == [(None, None)] * 4
    points = {(run["hyperparameters"]["loss"], run["hyperparameters"]["sampler"]) for run in board["runs"]}
    assert points == {("ce", "none"), ("ce", "sqrt"), ("focal", "none"), ("focal", "sqrt")}
    assert len({run["run"] for run in board["runs"]}) == 4


def test_leaderboard_ranks_by_the_objective_and_says_what_it_is_worth(shell, path):
    board = shell.json("rarebeat", "leaderboard", path)
    objectives = [run["objective"] for run in board["runs"]]
    assert objectives == sorted(objectives, reverse=True)
    assert set(board["runs"][0]["f1"]) == {"N", "S", "V", "F"}
    table = shell.run("rarebeat", "leaderboard", path).stdout
    for word in ("F1 S", "AUPRC V", "loss", "sampler", "SIMULATED BEATS", FEW, board["runs"][0]["run"]):
        assert word in table
    assert any(notice.startswith(FEW) for notice in board["notices"])
    assert "95 %" not in table
    assert f"{objectives[0]:.4f}" in table


def test_report_is_one_page_of_the_leaderboards_numbers(shell, path, data):
    shell.run("rarebeat", "report", path, "-o", "report.html", "--data", data, "--yaml", "sweep.yaml")
    page = (shell.folder / "report.html").read_text(encoding="utf-8")
    board = shell.json("rarebeat", "leaderboard", path)
    assert all(f"{run['objective']:.4f}" in page and run["run"] in page for run in board["runs"])
    assert FEW in page and "(95 % interval by patient" not in page
    # F1 at thresholds of other patients, as the best run itself has logged it.
    table = page.split("<caption>F1</caption>")[1].split("</table>")[0]
    for name, value in board["runs"][0]["f1_tuned"].items():
        row = table.split(f'<th scope="row">{name}</th>')[1].split("</tr>")[0]
        assert re.findall(r'<td class="n">([\d.]+)', row)[1] == f"{value:.3f}"
        assert "–" not in row  # two patients make no interval
    assert board["runs"][0]["run"] in page.split("at four thresholds</h2>")[1][:200]
    assert 'class="trace"' in page
    assert "is no folder" in shell.refuses("rarebeat", "report", path, "-o", "nowhere/report.html")


def test_gamma_is_inactive_for_cross_entropy(shell, path):
    runs = shell.json("rarebeat", "leaderboard", path)["runs"]
    assert {("gamma" in run["inactive"], run["hyperparameters"]["loss"]) for run in runs} == {
        (True, "ce"),
        (False, "focal"),
    }


def test_leaderboard_sorts_by_another_metric(shell, path):
    board = shell.json("rarebeat", "leaderboard", path, "--sort", "val/loss")
    losses = [run["objective"] for run in board["runs"]]
    assert (board["goal"], losses) == ("minimize", sorted(losses))


def test_a_sweep_is_found_by_its_id_alone_and_by_its_address(shell, path):
    sweep = path.rsplit("/", 1)[1]
    assert shell.json("rarebeat", "leaderboard", sweep)["sweep"] == path
    url = shell.json("rarebeat", "leaderboard", path)["url"]
    assert shell.json("rarebeat", "leaderboard", url)["sweep"] == path


def test_best_brings_the_winner_with_its_card_and_may_be_repeated(shell, path, model):
    assert {file.name for file in model.iterdir()} == {"model.keras", "card.json", "point.yaml"}
    winner = shell.json("rarebeat", "leaderboard", path)["runs"][0]["run"]
    again = shell.json("rarebeat", "best", path, "-o", "runs/best")
    assert again["run"] == winner
    assert json.loads((model / "card.json").read_text())["run"]["path"].endswith(winner)
    assert set(again["thresholds"]) == {"N", "S", "V", "F"}
    assert again["evaluate"].startswith("rarebeat evaluate runs/best --data ")


def test_best_leaves_a_folder_alone_that_is_no_model(shell, path):
    (shell.folder / "thesis").mkdir(exist_ok=True)
    (shell.folder / "thesis/chapter.txt").write_text("years of work")
    assert "no model folder" in shell.refuses("rarebeat", "best", path, "-o", "thesis")
    assert [file.name for file in (shell.folder / "thesis").iterdir()] == ["chapter.txt"]


def test_evaluate_opens_the_sealed_side_and_counts_it(shell, model, data):
    first = shell.run("rarebeat", "evaluate", "runs/best", "--data", data)
    assert "simulated.test.h5" in first.stdout + first.stderr
    assert "simulated" in first.stdout.lower()
    second = shell.json("rarebeat", "evaluate", "runs/best", "--data", data.with_name("simulated.test.h5"))
    assert second["openings"] == 2
    assert len(data.with_name("simulated.test.ledger.jsonl").read_text().splitlines()) == 2
