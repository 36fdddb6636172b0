"""What is shown of a sweep that is under way: its numbers by hand, its picture at several widths."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from rarebeat.agents import WAITS, Doing
from rarebeat.pace import Counts, Pace
from rarebeat.progress import Progress, lines
from rarebeat.progress_view import head, picture
from rarebeat.run_logs import runs_of_agent
from rarebeat.standing import ClassBest, Standing, best_so_far, class_bests, failures, measure_of, standing
from rarebeat.sweep_runs import Entry, SweepRuns

AGENT_LOG = """\
wandb: Starting wandb agent 🕵️
2026-01-01 10:00:00,000 - wandb.wandb_agent - INFO - Running runs: []
2026-01-01 10:00:00,100 - wandb.wandb_agent - INFO - Agent received command: run
2026-01-01 10:00:00,100 - wandb.wandb_agent - INFO - Agent starting run with config:
	loss: ce
"""
AT_ITS_NEXT_TURN = "2026-01-01 10:00:05,000 - wandb.wandb_agent - INFO - Running runs: ['ab12cd34']\n"


def state(*entries: Entry, metric: str = "best/macro_auprc") -> SweepRuns:
    return SweepRuns("local/p/s", "http://x", "RUNNING", metric, "maximize", ("loss",), entries)


def run(name: str, status: str, objective: float | None = None, **summary: float) -> Entry:
    named = {key.replace("__", "/"): value for key, value in summary.items()}
    return Entry(name, name, status, objective, {"loss": "ce", "epochs": 9}, summary=named, created=name)


def no_words(run: str, lines: int) -> list[str]:
    return []


def now(runs: SweepRuns, total: int | None = None, elapsed: float = 0.0, doing=(), words=no_words):
    return standing(runs, Pace(total), elapsed, doing, words)


def test_the_measure_of_a_class_is_that_of_the_objective_over_all():
    assert measure_of("best/macro_auprc") == ("best/", "auprc")
    assert measure_of("val/macro_f1_tuned") == ("val/", "f1_tuned")
    assert measure_of("mean_iou") == ("", "iou")
    assert measure_of("val/loss") == ("", "")


def test_each_class_has_its_best_run_beside_what_the_best_run_has():
    runs = state(
        run("a", "finished", 0.6, best__auprc__N=0.9, best__auprc__S=0.3, val__auprc__S=0.99),
        run("b", "killed", 0.5, best__auprc__N=0.8, best__auprc__S=0.4),
        # Not over yet, so not compared.
        run("c", "running", 0.9, best__auprc__N=0.99, best__auprc__S=0.99),
        # Stopped after the first of its folds.
        run("d", "killed", 0.9, fold=0, best__auprc__N=0.99, best__auprc__S=0.99),
    )
    assert best_so_far(runs).id == "a"
    bests = (ClassBest("N", 0.9, "a", 0.9), ClassBest("S", 0.4, "b", 0.3))
    assert class_bests(runs) == ("auprc", bests)


def test_a_measure_that_has_no_running_best_is_that_of_validation():
    runs = state(run("a", "finished", 0.6, val__f1__S=0.3), metric="best/macro_f1")
    assert class_bests(runs) == ("f1", (ClassBest("S", 0.3, "a", 0.3),))
    assert class_bests(state(run("a", "finished", 0.6, val__f1__S=0.3), metric="loss")) == ("", ())


def test_what_remains_is_the_work_left_over_the_agents_that_share_it():
    pace = Pace(total=6)
    pace.look(state(run("a", "running")), 0.0)
    done = run("a", "finished", 0.5, _runtime=60.0)
    runs = state(done, run("b", "running"), run("c", "running"))
    pace.look(runs, 100.0)
    # Three runs of a minute that are not begun, and two of which 40 s are left, on two agents.
    assert pace.remaining(runs, 120.0, agents=2) == pytest.approx((3 * 60 + 2 * 40) / 2)
    assert pace.per_hour(runs, 120.0) == 30.0
    # A run of which nothing should be left, after all others: the end is near, not past.
    last = state(*[run(n, "finished", 0.5, _runtime=60.0) for n in "acdef"], run("b", "running"))
    assert pace.remaining(last, 300.0, agents=2) == 0.0


def test_what_remains_knows_the_hours_and_nothing_before_the_first_run_has_ended():
    runs = state(run("a", "finished", 0.5, _runtime=60.0))
    assert Pace(seconds=600.0).remaining(runs, 500.0, 1) == 130.0
    assert Pace(total=100, seconds=600.0).remaining(runs, 500.0, 1) == 130.0
    assert Pace(total=2).remaining(state(run("a", "failed", None, _runtime=1.0)), 500.0, 1) is None
    assert Pace().remaining(runs, 500.0, 1) is None


def test_runs_that_ended_before_the_command_are_no_part_of_its_pace():
    pace = Pace()
    pace.look(state(run("a", "finished", 0.5)), 0.0)
    assert pace.per_hour(state(run("a", "finished", 0.5)), 60.0) is None
    assert pace.per_hour(state(run("a", "finished", 0.5), run("b", "finished", 0.5)), 60.0) == 60.0


def test_the_latest_failures_come_with_what_they_said_last():
    runs = state(*[run(name, "failed") for name in "dabc"], run("e", "finished", 0.5))
    told = failures(runs, lambda name, lines: [f"{name} broke"][:lines])
    assert [(failure.run, failure.words) for failure in told] == [(n, (f"{n} broke",)) for n in "bcd"]


def test_an_agent_says_in_its_log_which_run_it_has(tmp_path):
    log = tmp_path / "agent-1.log"
    assert runs_of_agent(log) is None
    log.write_text(AGENT_LOG.splitlines()[0])
    assert runs_of_agent(log) is None
    log.write_text("\n".join(AGENT_LOG.splitlines()[:2]))
    assert runs_of_agent(log) == []
    log.write_text(AGENT_LOG)
    assert runs_of_agent(log) == [""]
    log.write_text(AGENT_LOG + AT_ITS_NEXT_TURN)
    assert runs_of_agent(log) == ["ab12cd34"]


def test_lines_say_runs_pace_best_and_classes():
    runs = state(
        run("a", "finished", 0.5, best__auprc__N=0.99, best__auprc__S=0.25),
        run("b", "running", 0.4, time__samples_per_second=1000.0),
        run("c", "running", 0.4, time__samples_per_second=234.0),
        run("d", "failed"),
    )
    assert lines(now(runs, 9), 30.0) == [
        "1/9 runs done, 2 running, 1 failed, 0:30 so far",
        "1,234 samples/s",
        "best so far a: best/macro_auprc 0.5000",
        "best auprc N 0.990, S 0.250",
    ]


def test_plain_progress_prints_a_line_only_when_something_happened():
    stream = io.StringIO()
    words = {"b": ["Traceback", "ValueError: no beats"]}
    progress = Progress(Console(file=stream, width=200), Pace(3), lambda run, lines: words[run])
    with progress.shown():
        progress.tell(state(run("a", "running")), [])
        progress.tell(state(run("a", "running")), [])
        progress.tell(state(run("a", "finished", 0.5)), [])
        progress.tell(state(run("a", "finished", 0.5), run("b", "failed")), [])
        progress.tell(state(run("a", "finished", 0.5), run("b", "failed")), [])
    said = stream.getvalue().splitlines()
    assert len(said) == 4
    assert said[2] == "Run b failed: ValueError: no beats"


@pytest.mark.parametrize("width", [20, 40, 80, 120])
@pytest.mark.parametrize("classes", [4, 26])
def test_the_picture_fits_a_terminal_of_any_width(width, classes):
    of_classes = {f"best__auprc__C{k}": 0.5 for k in range(classes)}
    runs = state(
        run("aaaaaaaa", "finished", 0.5, _runtime=60.0, **of_classes),
        run("bbbbbbbb", "running", 0.4, epoch=3, fold=1, time__samples_per_second=1000.0),
        run("cccccccc", "failed"),
    )
    doing = [Doing("1", "GPU 0", "", "bbbbbbbb"), Doing("2", "a-node-of-a-long-name.example GPU 1", WAITS)]
    shown = now(runs, 9, 10.0, doing * 8, lambda run, lines: ["ValueError: " + "no beats " * 30])
    console = Console(file=io.StringIO(), width=width, height=30, force_terminal=True, color_system=None)
    console.print(picture(shown, 70.0, 30))
    text = console.file.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert "ValueError" in text
    if width >= 80:
        assert "bbbbbbbb  fold 2 · epoch 3/9 · macro_auprc" in text
        assert "C3" in text and f"C{classes - 1}" in text
        assert len(text.splitlines()) <= 30
        assert "more, " in text


def test_an_agent_whose_run_the_server_does_not_know_yet_begins_it():
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    doing = [Doing("1", "CPU", "begins a run"), Doing("2", "CPU", "", "zz")]
    console.print(picture(now(state(), doing=doing), 1.0, 30))
    assert [line.split() for line in console.file.getvalue().splitlines()[-2:]] == [
        ["1", "CPU", "begins", "a", "run"],
        ["2", "CPU", "zz", "begins"],
    ]


def test_a_terminal_that_becomes_narrower_is_drawn_anew():
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    progress = Progress(console, Pace(3), no_words)
    with progress.shown():
        progress.tell(state(run("a", "running")), [])
        progress.tick()
        assert "\x1b[2J" not in console.file.getvalue()
        console.width = 40
        progress.tick()
        assert "\x1b[2J" in console.file.getvalue()


@pytest.mark.parametrize(("remaining", "end"), [(61.0, ", about 1:01 to go"), (0.0, ""), (None, "")])
def test_no_end_is_promised_that_is_over_or_unknown(remaining: float | None, end: str) -> None:
    now = Standing(
        runs=SweepRuns.__new__(SweepRuns),
        total=2,
        counts=Counts(done=1, running=1, failed=0, crashed=0),
        best=None,
        measure="",
        classes=(),
        per_hour=None,
        samples=0.0,
        remaining=remaining,
        failures=(),
        doing=(),
    )
    assert head(now, 178.0) == f"1/2 runs done, 1 running, 2:58 so far{end}"
