"""A bad sweep YAML is refused with its line, its reason and what is right; a good one is not."""

from __future__ import annotations

import json

import pytest
import yaml

from rarebeat.check import Problem, check_sweep
from rarebeat.sweep_rules import Table

# The names and bounds that these tests are about; the real ones are asked for in test_shipped_sweeps.py.
TABLE = Table(
    {
        "data": {"type": "str", "default": "data/mitdb.h5"},
        "folds": {"type": "int", "default": 0, "min": 0, "max": 20, "except": [1]},
        "epochs": {"type": "int", "default": 20, "min": 1, "max": 1000},
        "covariates": {"type": "bool", "default": True},
        "n_blocks": {"type": "int", "default": 4, "min": 1, "max": 8},
        "learning_rate": {"type": "float", "default": 1e-3, "min": 1e-6, "max": 1.0},
        "dropout": {"type": "float", "default": 0.2, "min": 0.0, "max": 0.9},
        "loss": {"type": "choice", "default": "ce", "choices": ["ce", "weighted_ce", "focal"]},
        "link": {"type": "choice", "default": "softmax", "choices": ["softmax", "sigmoid"]},
        "gamma": {"type": "float", "default": 2.0, "min": 0.0, "max": 10.0, "active": {"loss": ["focal"]}},
        "alpha": {
            "type": "float",
            "default": 0.25,
            "min": 0.0,
            "max": 1.0,
            "active": {"loss": ["focal"], "link": ["sigmoid"]},
        },
        "augment_snr": {"type": "float", "default": 0.0, "min": 0.0, "max": 60.0},
        "noise_from": {"type": "str", "default": "", "needs": ["augment_snr"]},
    },
    ("epoch", "train/loss", "val/loss", "val/macro_auprc", "val/f1/{class}", "best/loss", "best/macro_auprc"),
)

HEAD = """\
command: ["${env}", "${interpreter}", "-m", "training.train"]
method: bayes
run_cap: 20
metric: {name: best/macro_auprc, goal: maximize}
parameters:
  data: {value: data/mitdb.h5}
"""


def check(text: str, name: str = "a.yaml") -> list[Problem]:
    return check_sweep(text, name, lambda: TABLE)


def refusals(text: str) -> list[tuple[int | None, str]]:
    return [(problem.line, problem.sentence) for problem in check(text) if problem.refused]


def warnings(text: str) -> list[str]:
    problems = check(text)
    assert not any(problem.refused for problem in problems), problems
    return [problem.sentence for problem in problems]


def parameters(*lines: str) -> str:
    return HEAD + "".join(f"  {line}\n" for line in lines)


GOOD = parameters(
    "loss: {value: focal}",
    "link: {value: sigmoid}",
    "gamma: {min: 0.0, max: 5.0}",
    "alpha: {min: 0.05, max: 0.95}",
    "n_blocks: {min: 2, max: 5}",
    "covariates: {values: [true, false]}",
    "learning_rate: {distribution: log_uniform_values, min: 1.0e-4, max: 5.0e-3}",
)


def test_a_good_sweep_has_no_problems() -> None:
    assert check(GOOD) == []


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "learning_rat: {value: 1.0e-3}",
            "learning_rat is not a hyperparameter; did you mean learning_rate?",
        ),
        ("zzz: {value: 1}", "zzz is not a hyperparameter; `python -m training.hyperparameters` prints all"),
        ("learning_rate: {value: 1e-4}", "learning_rate is '1e-4'; YAML reads that as text: write 1.0e-4"),
        ("learning_rate: {values: [0.001, 1e-4]}", "learning_rate is '1e-4'; YAML reads that as text"),
        ("learning_rate: {min: 1e-4, max: 1e-2}", "min is '1e-4'; YAML reads that as text: write 1.0e-4"),
        ("learning_rate: {value: 3.0}", "learning_rate is 3; it has to be from 1e-06 to 1.0"),
        (
            "learning_rate: {distribution: log_uniform, min: 0.1, max: 0.9}",
            "learning_rate is 1.10517; it has to be from 1e-06 to 1.0 (log_uniform takes exponents;",
        ),
        ("loss: {value: focus}", "loss cannot be 'focus'; did you mean focal?"),
        ("loss: {values: [ce, hinge]}", "loss cannot be 'hinge'; it has to be one of ce, weighted_ce, focal"),
        ("loss: {min: 0, max: 1}", "loss is no number; write values: ['ce', 'weighted_ce', 'focal']"),
        (
            "gamma: {min: 0, max: 5}",
            "gamma would be searched in whole numbers only; write min: 0.0 and max: 5.0",
        ),
        ("gamma: {min: 0, max: 0.5}", "min 0 and max 0.5 are an integer and a float; write min: 0.0"),
        ("gamma: {min: 5.0, max: 0.0}", "min 5.0 is not below max 0.0"),
        ("gamma: {min: 0.0, max: 50.0}", "gamma is 50; it has to be from 0.0 to 10.0"),
        ("gamma: {distribution: normal, mu: 2, sigma: 1}", "it has to be from 0.0 to 10.0"),
        ("gamma: 2", "write gamma: {value: 2}"),
        ("gamma: {parameters: {a: {value: 1}}}", "gamma takes a value, not nested parameters"),
        ("gamma: {values: [0.5, 1.0], probabilities: [0.5, 0.4]}", "the probabilities sum to 0.9"),
        ("n_blocks: {min: 2.0, max: 5.0}", "n_blocks takes whole numbers and uniform gives others"),
        ("n_blocks: {value: 2.5}", "n_blocks is 2.5; it has to be a whole number"),
        ("n_blocks: {values: [4, 9]}", "n_blocks is 9; it has to be from 1 to 8"),
        ("n_blocks: {value: true}", "n_blocks is True; it has to be a whole number"),
        ("folds: {value: 1}", "folds is 1; it has to be from 0 to 20 and not 1"),
        ("folds: {values: [0, 1, 2]}", "folds is 1; it has to be from 0 to 20 and not 1"),
        ("folds: {min: 1, max: 5}", "folds is 1; it has to be from 0 to 20 and not 1"),
        ("folds: {min: 0, max: 5}", "folds could come to 1, which it cannot be; write values without it"),
        ("covariates: {value: 'yes'}", "covariates is 'yes'; it has to be true or false"),
        ("data: {value: 7}", "data is 7; it has to be text"),
    ],
)
def test_a_bad_parameter_is_refused_with_its_line(line: str, sentence: str) -> None:
    text = HEAD.replace("  data: {value: data/mitdb.h5}\n", "") + f"  epochs: {{value: 2}}\n  {line}\n"
    found = refusals(text)
    assert any(where == 7 and sentence in said for where, said in found), found


@pytest.mark.parametrize(
    ("old", "new", "line", "sentence"),
    [
        ("method: bayes", "method: bayse", 2, "there is no search method 'bayse'; did you mean bayes?"),
        ("method: bayes", "methd: bayes", 2, "a sweep has no key 'methd'; did you mean method?"),
        ("run_cap: 20", "run_cap: many", 3, "run_cap is 'many'; it has to be a whole number from 1"),
        ("metric: {name: best/macro_auprc, goal: maximize}\n", "", None, "there is no metric"),
        (
            "best/macro_auprc",
            "best/macro_auprs",
            4,
            "no run logs the metric best/macro_auprs; did you mean best/",
        ),
        ("best/macro_auprc", "accuracy", 4, "no run logs the metric accuracy"),
        ("goal: maximize", "goal: biggest", 4, "metric.goal is 'biggest'; it has to be minimize or maximize"),
        (
            "goal: maximize",
            "goal: minimize",
            4,
            "goal is minimize, but the best run has the highest best/macro_auprc",
        ),
        (", goal: maximize", "", 4, "without a goal W&B minimizes, but the best run has the highest"),
        ("best/macro_auprc", "best/loss", 4, "goal is maximize, but the best run has the lowest best/loss"),
        ("parameters:", "parameters", 6, "this is not YAML"),
    ],
)
def test_a_bad_head_is_refused_with_its_line(old: str, new: str, line: int | None, sentence: str) -> None:
    found = refusals(GOOD.replace(old, new, 1))
    assert any(where == line and sentence in said for where, said in found), found


def test_each_of_several_metrics_has_to_be_logged() -> None:
    head = HEAD.replace("method: bayes", "method: custom").replace(
        "metric: {name: best/macro_auprc, goal: maximize}",
        "metrics: [{name: best/macro_auprc, goal: maximize}, {name: val/los}]",
    )
    assert refusals(head) == [(4, "no run logs the metric val/los; did you mean val/loss?")]
    (said,) = warnings(head.replace("val/los", "val/loss"))
    assert "rank with rarebeat leaderboard --sort METRIC" in said


def test_the_metric_of_one_class_is_known() -> None:
    assert check(GOOD.replace("best/macro_auprc", "val/f1/S")) == []
    assert refusals(GOOD.replace("best/macro_auprc", "val/f1/S/x"))[0][1].startswith("no run logs the metric")


def test_a_key_given_twice_is_refused_where_it_stands_again() -> None:
    text = parameters("gamma: {min: 0.0, max: 1.0}", "loss: {value: focal}", "gamma: {min: 0.0, max: 5.0}")
    assert refusals(text) == [(9, "gamma is given twice; it stands in line 7 already")]


def test_a_grid_over_a_range_is_refused() -> None:
    text = GOOD.replace("method: bayes", "method: grid")
    ((line, sentence),) = refusals(text)
    assert line == 9
    assert "parameter gamma: a grid cannot go through a range without end" in sentence


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (
            ["gamma: {min: 0.0, max: 5.0}"],
            "gamma is searched but has no effect: loss is ce, and it counts only with loss focal",
        ),
        (
            ["loss: {values: [ce, focal]}", "alpha: {min: 0.1, max: 0.9}"],
            "alpha is searched but has no effect: link is softmax, and it counts only with link sigmoid",
        ),
        (
            ["noise_from: {values: ['', nstdb/ma]}"],
            "noise_from is searched but has no effect while augment_snr is off",
        ),
    ],
)
def test_searching_what_has_no_effect_is_worth_a_warning(lines: list[str], sentence: str) -> None:
    assert warnings(parameters(*lines)) == [sentence]


def test_what_needs_another_that_is_on_or_searched_is_no_matter() -> None:
    noise = "noise_from: {values: ['', nstdb/ma]}"
    for snr in ("{value: 10.0}", "{values: [0.0, 10.0]}", "{min: 0.0, max: 20.0}"):
        assert warnings(parameters(noise, f"augment_snr: {snr}")) == []


def test_a_parameter_that_counts_for_some_runs_is_no_matter() -> None:
    assert warnings(parameters("loss: {values: [ce, focal]}", "gamma: {min: 0.0, max: 5.0}")) == []
    assert warnings(parameters("gamma: {value: 2.0}")) == []


def test_the_loss_as_metric_of_several_losses_is_worth_a_warning() -> None:
    text = parameters("loss: {values: [ce, focal]}").replace("best/macro_auprc, goal: maximize", "val/loss")
    assert warnings(text) == [
        "val/loss is not comparable between runs that differ in loss; best/macro_auprc is",
    ]
    same = parameters("loss: {value: ce}").replace("best/macro_auprc, goal: maximize", "val/loss")
    assert warnings(same) == []


def test_a_sweep_without_end_is_worth_a_warning() -> None:
    assert warnings(GOOD.replace("run_cap: 20\n", "")) == [
        "without a run_cap this sweep never ends; write run_cap: 40, say",
    ]


def test_early_termination_on_a_value_that_is_no_running_best_is_worth_a_warning() -> None:
    stop = "early_terminate: {type: hyperband, min_iter: 3}\n"
    assert "use best/macro_auprc" in warnings(stop + GOOD.replace("best/macro", "val/macro"))[0]
    folds = warnings(stop + GOOD + "  folds: {value: 5}\n")
    assert folds == ["with folds the objective is logged once a fold, so the bands count folds, not epochs"]


NEVER = "no run is ever stopped: the first band is at"


@pytest.mark.parametrize(
    ("rule", "lines", "sentence"),
    [
        ("min_iter: 3", [], None),
        ("min_iter: 19", [], None),
        ("min_iter: 20", [], f"{NEVER} 20 values, when a run of 20 epochs is over"),
        ("min_iter: 3", ["epochs: {value: 3}"], f"{NEVER} 3 values, when a run of 3 epochs is over"),
        ("min_iter: 3", ["epochs: {min: 2, max: 9}"], None),
        ("min_iter: 9", ["epochs: {values: [3, 8]}"], f"{NEVER} 9 values, when a run of 8 epochs is over"),
        ("max_iter: 27, s: 2", [], None),
        (
            "max_iter: 81, s: 2",
            [],
            "no run is stopped at 27 values: a run of 20 epochs is over by then",
        ),
        ("max_iter: 81, s: 1", [], f"{NEVER} 27 values, when a run of 20 epochs is over"),
        ("max_iter: 2, s: 1", [], "no run is ever stopped: max_iter 2 has no band; write max_iter: 27, say"),
        ("min_iter: 3", ["folds: {value: 3}"], f"{NEVER} 3 values, when a run of 3 folds is over"),
        ("min_iter: 1", ["folds: {value: 3}"], None),
    ],
)
def test_bands_that_come_when_a_run_is_over_are_worth_a_warning(
    rule: str, lines: list[str], sentence: str | None
) -> None:
    text = f"early_terminate: {{type: hyperband, {rule}}}\n{GOOD}" + "".join(f"  {line}\n" for line in lines)
    said = [one for one in warnings(text) if "the bands count folds" not in one]
    assert said == ([sentence] if sentence else [])


def test_a_foreign_sweep_is_checked_for_its_space_alone() -> None:
    text = GOOD.replace("training.train", "somebody.elses").replace("gamma", "zzz")

    def never() -> Table:
        raise AssertionError("the table is not for foreign sweeps")

    (problem,) = check_sweep(text, "a.yaml", never)
    assert not problem.refused
    broken = check_sweep(text.replace("min: 0.0", "min: 9.0"), "a.yaml", never)
    assert broken[0] == Problem("parameter zzz: min 9.0 is not below max 5.0", 9)


def test_numbers_that_yaml_reads_as_text_are_named_with_the_way_to_write_them() -> None:
    text = """\
program: theirs.py
method: random
run_cap: 5
parameters:
  lr: {values: [1e-3, 0.01, 2E4]}
  tag: {values: [1e-3b, "7"]}
  optimizer:
    parameters:
      decay:
        value: 1e-5
"""
    found = [(problem.line, problem.sentence) for problem in check(text) if "YAML" in problem.sentence]
    assert found == [
        (5, "parameter lr: YAML reads 1e-3, 2E4 as text; for numbers write 1.0e-3, 2.0e+4"),
        (10, "parameter decay: YAML reads 1e-5 as text; for numbers write 1.0e-5"),
    ]
    assert not any(problem.refused for problem in check(text))


def test_running_training_as_a_file_is_refused() -> None:
    lines = GOOD.splitlines(keepends=True)[1:]
    ((line, sentence),) = refusals("program: training/train.py\n" + "".join(lines))
    assert line == 1
    assert sentence.startswith("training/train.py cannot import models when run as a file; write command:")


def test_what_the_client_sends_passes_as_the_file_does() -> None:
    """The client adds `distribution` to what has bounds, and sends YAML or JSON without the file's lines."""
    config = yaml.safe_load(GOOD)
    config["parameters"]["gamma"]["distribution"] = "uniform"
    config["parameters"]["n_blocks"]["distribution"] = "int_uniform"
    config["parameters"]["learning_rate"]["min"] = 1e-05  # JSON writes 1e-05, which YAML would read as text
    assert check(json.dumps(config), "") == []
    assert check(yaml.safe_dump(config), "") == []


def test_without_a_name_no_line_is_given() -> None:
    (problem,) = check(parameters("gama: {value: 1.0}"), "")
    assert problem.line is None
    assert problem.at("") == "gama is not a hyperparameter; did you mean gamma?"


@pytest.mark.parametrize(
    "text",
    [
        *("", "3", "- a\n- b\n", "\t\n", "a: &a [*a]", "{", "\x00", "a: b: c", "? [1, 2]\n: 3\n"),
        "program: theirs.py\nmethod: random\nparameters: &p\n  x: {parameters: *p}\n",
    ],
)
def test_what_is_no_sweep_is_refused_in_a_sentence(text: str) -> None:
    found = check(text)
    assert found
    assert found[0].refused
    assert "\n" not in found[0].sentence
