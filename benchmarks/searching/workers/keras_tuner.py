"""Answers with KerasTuner's Bayesian oracle, driven alone: no tuner, no model, no folder.

The oracle keeps its Gaussian process from one question to the next, so this process keeps the oracle: a
question without runs begins a new search. Failed runs are told as failed, which it leaves out.
"""

import json
import math
import os
import sys
import warnings

warnings.simplefilter("ignore")
# This folder holds modules named as the engines are: the engines' own have to be found.
sys.path.pop(0)
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

from keras_tuner import HyperParameters, Objective  # noqa: E402
from keras_tuner.engine.trial import Trial, TrialStatus  # noqa: E402
from keras_tuner.oracles import BayesianOptimizationOracle  # noqa: E402


def declare(space: HyperParameters, name: str, spec: dict) -> None:
    if "values" in spec:
        # Its choices are of one type, so lists of truth values go by their own name.
        if all(isinstance(value, bool) for value in spec["values"]):
            space.Boolean(name)
        else:
            space.Choice(name, spec["values"])
        return
    kind, low, high = spec.get("distribution"), spec["min"], spec["max"]
    if kind == "q_log_uniform_values":
        space.Int(name, low, high, sampling="log")
    elif kind == "log_uniform_values":
        space.Float(name, low, high, sampling="log")
    elif kind == "q_uniform":
        space.Float(name, low, high, step=spec["q"])
    elif isinstance(low, int):
        space.Int(name, low, high)
    else:
        space.Float(name, low, high)


def begin(parameters: dict, seed: int) -> BayesianOptimizationOracle:
    space = HyperParameters()
    for name, spec in parameters.items():
        declare(space, name, spec)
    oracle = BayesianOptimizationOracle(
        objective=Objective("loss", "min"), max_trials=10_000, hyperparameters=space, seed=seed
    )
    return oracle


def tell(oracle: BayesianOptimizationOracle, run: dict) -> None:
    """What a run has come to: its number is its trial's."""
    trial = oracle.trials[run["id"]]
    if run["state"] == "running" or trial.status != TrialStatus.RUNNING:
        return
    value = run["objective"]
    failed = value is None or not math.isfinite(value)
    trial.status, trial.score = (TrialStatus.FAILED, None) if failed else (TrialStatus.COMPLETED, value)
    del oracle.ongoing_trials[run["id"]]


def ask(oracle: BayesianOptimizationOracle) -> dict:
    number = str(len(oracle.trials))
    values = oracle.populate_space(number)["values"]
    chosen = oracle.hyperparameters.copy()
    chosen.values = dict(values)
    trial = Trial(hyperparameters=chosen, trial_id=number, status=TrialStatus.RUNNING)
    oracle.trials[number] = oracle.ongoing_trials[number] = trial
    return values


oracle = None
for line in sys.stdin:
    asked = json.loads(line)
    if not asked["runs"]:
        oracle = begin(asked["config"]["parameters"], asked["seed"])
    for run in asked["runs"]:
        tell(oracle, run)
    print(json.dumps(ask(oracle)), flush=True)
