"""Answers with Optuna's Gaussian process (BoTorch-like, on torch), in an environment of its own.

Failed runs are told with the worst value, as our engines and W&B's see them; it takes account of running
trials by itself.
"""

import json
import math
import sys
import warnings

warnings.simplefilter("ignore")
sys.path.pop(0)

import optuna  # noqa: E402
import torch  # noqa: E402

optuna.logging.set_verbosity(optuna.logging.ERROR)
torch.set_num_threads(1)


def distribution(spec: dict) -> optuna.distributions.BaseDistribution:
    if "values" in spec:
        return optuna.distributions.CategoricalDistribution(spec["values"])
    kind, low, high = spec.get("distribution"), spec["min"], spec["max"]
    if kind == "q_log_uniform_values":
        return optuna.distributions.IntDistribution(low, high, log=True)
    if kind == "log_uniform_values":
        return optuna.distributions.FloatDistribution(low, high, log=True)
    if kind == "q_uniform":
        return optuna.distributions.FloatDistribution(low, high, step=spec["q"])
    if isinstance(low, int):
        return optuna.distributions.IntDistribution(low, high)
    return optuna.distributions.FloatDistribution(low, high)


def on_grid(params: dict, space: dict) -> dict:
    """As stored by Optuna: its own grid points, not their twelve digits."""
    found = dict(params)
    for name, how in space.items():
        step = getattr(how, "step", None)
        if isinstance(how, optuna.distributions.FloatDistribution) and step:
            found[name] = min(how.low + round((params[name] - how.low) / step) * step, how.high)
    return found


for line in sys.stdin:
    asked = json.loads(line)
    space = {name: distribution(spec) for name, spec in asked["config"]["parameters"].items()}
    values = [run["objective"] for run in asked["runs"] if run["objective"] is not None]
    worst = max(values, default=math.nan)
    seed = asked["seed"] * 1000 + len(asked["runs"])
    sampler = optuna.samplers.GPSampler(seed=seed, n_startup_trials=10, deterministic_objective=False)
    study = optuna.create_study(sampler=sampler)
    for run in asked["runs"]:
        value = worst if run["objective"] is None else run["objective"]
        ended = run["state"] not in ("running", "pending")
        if ended and math.isnan(value):
            continue
        study.add_trial(
            optuna.trial.create_trial(
                params=on_grid(run["params"], space),
                distributions=space,
                state=optuna.trial.TrialState.COMPLETE if ended else optuna.trial.TrialState.RUNNING,
                value=value if ended else None,
            )
        )
    print(json.dumps(study.ask(space).params), flush=True)
