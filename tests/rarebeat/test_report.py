"""`rarebeat report`: numbers that are the run's own, one page that loads nothing, drawn by a real browser."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_utils.dataset import Dataset, open_dataset
from data_utils.errors import BadInput
from data_utils.simulate import simulate
from rarebeat import doubt
from rarebeat.configurations import together
from rarebeat.ranking import rank
from rarebeat.report.command import report_page
from rarebeat.report.effects import Drawn, effects
from rarebeat.report.evidence import Evidence, gather, header
from rarebeat.report.evidence import _same_data as same_data
from rarebeat.report.missed import excerpt, worst_missed
from rarebeat.report.strategies import F1, NEUTRAL, judge
from rarebeat.report.sweep_pages import matters
from rarebeat.search.importance import importance
from rarebeat.sweep_runs import Entry, SweepRuns
from rarebeat.write_page import check_page, write_page
from tests.rarebeat.html_page import CHROMIUM, Balanced, open_in_browser
from training.metrics import evaluate
from training.objective import objective
from training.predictions import Predictions

METRIC = "best/macro_auprc"
RUNS = 12
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("report") / "beats.h5"
    simulate(path, 12, 1.0)
    return open_dataset(path)


def predict(dataset: Dataset, noise: float, seed: int) -> Predictions:
    """Logits that know the truth under noise."""
    rows = np.arange(len(dataset))
    target = dataset.rows.target
    random = np.random.default_rng(seed).normal(size=target.shape)
    logits = (3 * (target == 1) + noise * random).astype(np.float32)
    fold = (dataset.rows.fold % 2).astype(np.int16)
    return Predictions(rows, dataset.groups, target, logits, fold, "split", dataset.classes)


@pytest.fixture(scope="module")
def evidence(dataset: Dataset) -> Evidence:
    """Twelve runs in which dropout alone makes the noise, one of them with a name that tries to be markup."""
    about = {"digest": dataset.digest, "classes": list(dataset.classes), "ranked_classes": ["N", "S", "V"]}
    entries, predictions = [], {}
    for i in range(RUNS):
        run, dropout = f"run{i:02}", 0.3 * i / RUNS
        own = predict(dataset, 0.8 + 4 * dropout, seed=i)
        loss = "focal" if i % 2 else "ce"
        config = {"loss": loss, "dropout": dropout, "gamma": float(i), "link": "softmax", "sampler": HOSTILE}
        config["sampler"] = HOSTILE if i % 3 else "none"
        value = objective(own, about["ranked_classes"], "softmax")
        entries.append(
            Entry(run, HOSTILE, "finished", value, config, frozenset({"gamma"} if loss == "ce" else ()),
                  {METRIC: value, "val/f1/S": 0.5}, about | {"simulated": True}, path=f"local/p/{run}")
        )  # fmt: skip
        predictions[run] = own
    runs = SweepRuns(
        "local/p/s", "http://x/s", "FINISHED", METRIC, "maximize", ("loss", "dropout"), tuple(entries)
    )
    ranking = together(rank(runs))
    doubts = doubt.resample(ranking, 3, lambda run: predictions[run.id])
    config = {"name": "made up", "method": "random", "parameters": {"loss": {"values": ["ce", "focal"]}}}
    return Evidence(ranking, doubts, predictions, config, "Which & why?", None, dataset)


@pytest.fixture(scope="module")
def page(evidence: Evidence) -> str:
    return report_page(evidence)


def rows_of(page: str, caption: str) -> list[list[str]]:
    body = page.split(f"<caption>{caption}</caption>")[1].split("</table>")[0]
    return [
        [re.sub("<[^>]*>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
        for row in re.findall("<tr>(.*?)</tr>", body)[1:]
    ]


def test_the_page_is_balanced_loads_nothing_and_escapes_what_runs_are_called(page):
    Balanced(page)
    assert not re.search(r"""\s(src|href)=|url\(|@import|<script""", page)
    assert set(re.findall("https?://[^\"' <]+", page)) <= {"http://www.w3.org/2000/svg", "http://x/s"}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "Which &amp; why?" in page
    assert "SIMULATED BEATS" in page


def test_every_picture_is_titled_and_described(page):
    ids = re.findall(r'aria-labelledby="(t\w+) (d\w+)"', page)
    assert len(ids) == page.count("<svg") > 10
    assert all(f'id="{name}"' in page for pair in ids for name in pair)


def test_the_lines_of_runs_are_described_from_the_lowest_objective_to_the_highest(page, evidence):
    values = [evidence.ranking.value(entry) for entry in evidence.ranking.ranked]
    assert f"{METRIC} from {min(values):.3f} to {max(values):.3f}.</desc>" in page


def test_what_is_left_out_of_few_runs_is_not_called_unimportant(evidence):
    few = tuple(
        replace(entry, config={**entry.config, **{f"other{n}": i * n for n in range(1, 9)}})
        for i, entry in enumerate(evidence.ranking.ranked[:4])
    )
    said = matters(replace(evidence, ranking=replace(evidence.ranking, ranked=few)))
    assert "Left out: " in said and "least important" not in said


def test_the_table_is_the_leaderboard(page, evidence):
    rows = rows_of(page, "local/p/s · best/macro_auprc, maximized · 12 runs")
    assert [row[1] for row in rows] == [entry.id for entry in evidence.ranking.ranked]
    found = evidence.doubts.runs[rows[0][1]]
    assert rows[0][3] == f"{found.low:.3f}-{found.high:.3f}"


def test_f1_at_one_half_is_what_the_run_logs_for_its_epoch(page, evidence):
    own = evidence.predictions[evidence.best.id]
    logged = evaluate(own.target, own.logits, own.classes, ["N", "S", "V"], "softmax", "multiclass")
    for name, first, *_ in rows_of(page, "F1"):
        assert first.split(" ")[0] == f"{logged[f'f1/{name}']:.3f}"


def test_thresholds_are_the_runs_own_and_a_floor_of_recall_finds_more_rare_beats(evidence):
    from training.outcome import conclude

    own = evidence.predictions[evidence.best.id]
    judged = judge(own, "softmax", "multiclass", {})
    member = type("M", (), {"metrics": {"loss": 0.0}, "epoch_best": 1})
    outcome = conclude(own, [member], ["N", "S", "V"], "softmax", "multiclass")
    # The run's own conclusion, by the same predictions.
    assert judged[F1].full == outcome.full
    rarest = own.classes[int(np.argmin((own.target == 1).sum(axis=0)))]
    floor = next(each for name, each in judged.items() if name.startswith("recall"))
    assert floor.full.classes[rarest]["sensitivity"] >= judged[NEUTRAL].full.classes[rarest]["sensitivity"]


def test_importance_finds_what_made_the_noise_and_says_how_sure():
    rng = np.random.default_rng(0)
    dropout, other = rng.random(40), rng.random(40)
    loss = ["ce", "focal"] * 20
    found = importance({"other": other.tolist(), "loss": loss, "dropout": dropout.tolist()}, 1 - dropout)
    assert found.names[0] == "dropout"
    assert found.low[0] > max(found.high[1:])
    assert found.explained[1] > 0.5


def test_importance_of_nothing_is_not_told_from_nothing():
    rng = np.random.default_rng(1)
    found = importance({"a": rng.random(40).tolist(), "b": rng.random(40).tolist()}, rng.random(40))
    assert found.explained[1] < 0
    assert all(low < 0.1 for low in found.low)


def test_importance_wants_ten_runs_and_a_difference():
    assert importance({"a": [1.0] * 9}, list(range(9))) is None
    assert importance({"a": list(range(12))}, [0.5] * 12) is None


def test_an_effect_is_the_mean_over_runs_and_its_interval_holds_both_doubts():
    def run(name: str, loss: str) -> Entry:
        return Entry(name, name, "finished", 0.0, {"loss": loss})

    # Patients all alike: only the two runs of ce differ, 0.2 and 0.6, and a draw of two takes either or both.
    drawn = {
        name: Drawn(np.array([value]), np.full((200, 1), value))
        for name, value in {"a": 0.2, "b": 0.6, "c": 0.5}.items()
    }
    entries = [run("a", "ce"), run("b", "ce"), run("c", "focal"), run("d", "lost")]
    ce, focal = effects(entries, "loss", drawn, ["S"])
    assert (ce.value, ce.runs, ce.classes["S"]) == ("ce", 2, pytest.approx((0.4, 0.2, 0.6)))
    assert focal.classes["S"] == pytest.approx((0.5, 0.5, 0.5))


def test_worst_missed_are_the_least_probable_of_different_patients():
    target = np.array([[0, 1]] * 5 + [[1, 0]] * 6, np.uint8)
    p = np.full((11, 2), 0.5)
    p[:5, 1] = [0.1, 0.2, 0.3, 0.4, 0.9]
    decisions = p > 0.5
    group = np.array(["x", "x", "y", "z", "y"] + ["x"] * 6)
    rows = np.arange(100, 111)
    own = Predictions(rows, group, target, p, np.zeros(11, np.int16), "s", ("N", "S"))
    found = worst_missed(own, p, decisions)
    # The frequent class is not listed; of patient x only the worst, since y and z have some too.
    assert list(found) == ["S"]
    assert [(one.row, one.patient, one.probability) for one in found["S"]] == [
        (100, "x", 0.1),
        (102, "y", 0.3),
        (103, "z", 0.4),
    ]


def test_an_excerpt_holds_the_beat_where_the_arrow_points(dataset):
    row = len(dataset) // 2
    signal, where, place = excerpt(dataset, row)
    recording = dataset.rows.recording[row]
    at = dataset.recordings.first[recording] + dataset.rows.anchor[row]
    assert signal[round(where * dataset.rate), 0] == dataset.samples[at, 0]
    assert place.startswith(str(dataset.recordings.name[recording]))


def test_a_file_of_other_data_is_refused_in_one_sentence(dataset, evidence):
    entry = Entry("a", "a", "finished", 0.5, summary={METRIC: 0.5}, dataset={"digest": "0" * 64})
    other = rank(SweepRuns("local/p/s", "", "FINISHED", METRIC, "maximize", (), (entry,)))
    assert same_data(dataset, evidence.ranking) is dataset
    with pytest.raises(BadInput, match="give the file that they were trained on"):
        same_data(dataset, other)


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("folder", "it is a folder; name a file in it"),
        ("nothing/page.html", "is no folder"),
        ("thesis.txt", "is there already and is no page"),
        ("/dev/null", "is there already and is no page"),
        ("/proc/page.html", "nothing can be made in that folder"),
        ("a" * 300, "File name too long"),
    ],
)
def test_a_page_that_could_not_be_written_or_would_replace_something_else_is_refused(
    tmp_path, place, sentence
):
    (tmp_path / "folder").mkdir()
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(BadInput, match=sentence):
        check_page(tmp_path / place)


def test_a_page_replaces_an_older_one(tmp_path, page):
    for _ in range(2):
        write_page(tmp_path / "page.html", page)
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_a_question_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "sweep.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="is not a text file"):
        gather(None, "p/s", tmp_path / "sweep.yaml", None)


def test_without_data_or_predictions_the_page_says_what_is_missing(evidence):
    bare = Evidence(evidence.ranking, doubt.Doubts(), {})
    page = report_page(bare)
    assert "No run has logged predictions" in page
    assert "Neither a description nor the sweep" in page
    undrawn = Evidence(evidence.ranking, evidence.doubts, evidence.predictions)
    assert "was not given the training file (--data)" in report_page(undrawn)


def test_a_class_without_an_example_in_validation_is_not_described_by_numbers(evidence):
    best = evidence.best.id
    target = evidence.predictions[best].target.copy()
    target[target[:, 3] == 1] = [1, 0, 0, 0]
    empty = replace(evidence.predictions[best], target=target)
    page = report_page(replace(evidence, predictions={best: empty}))
    described = re.findall(r"<desc[^>]*>(.*?)</desc>", page)
    assert described and not [words for words in described if re.search(r"\bnan", words)]


def test_a_multilabel_run_has_counts_by_class(dataset, evidence):
    best = evidence.best.id
    own = evidence.predictions[best]
    target = own.target.copy()
    target[:40, 0] = 1
    target[40:60, 1] = 255
    both = Predictions(own.row, own.group, target, own.logits, own.fold, "other", own.classes)
    page = report_page(Evidence(evidence.ranking, evidence.doubts, {best: both}))
    found, missed, *_ = map(int, (cell.replace(",", "") for cell in rows_of(page, "At best F1")[0][1:]))
    assert found + missed == int((target[:, 0] == 1).sum())


def test_the_question_is_the_comment_at_the_head_of_the_yaml():
    assert (
        header("# Which loss?\n#   Budget: 9\nmethod: grid # not this\n# nor this")
        == "Which loss?\n  Budget: 9"
    )
    assert header("method: grid") == ""


def test_a_page_of_many_runs_stays_small(page):
    assert len(page.encode()) < 400_000


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium to open the page with")
def test_a_real_browser_draws_it_without_complaint_or_request(page, tmp_path: Path):
    log = tmp_path / "net.json"
    quiet = ("--disable-background-networking", "--disable-component-update")
    open_in_browser(page, tmp_path, *quiet, f"--log-net-log={log}")
    # Nothing but the page itself was asked for on its behalf.
    asked = set(re.findall(r'"url":"([^"]+)"', log.read_text(encoding="utf-8", errors="replace")))
    assert not {url for url in asked if "x/s" in url or "w3.org" in url}
