"""The sweeps that come with rarebeat: fine as they are, taken by W&B, and refused with a reason if spoilt."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from rarebeat.check import check_sweep, training_table
from rarebeat.cli import main
from rarebeat.server import daemon

SWEEPS = sorted((Path(__file__).parents[2] / "sweeps").glob("*.yaml"))
FOCAL = next(path for path in SWEEPS if path.name == "focal_bayes.yaml")
# The vendor's engine, whose schema W&B checks sweeps by. It wants an older NumPy, so only its schema is read.
VENDOR = "sweeps==0.3.0"
# What a line of focal_bayes.yaml becomes, where that is refused, and the reason.
SPOILT = [
    ("method: bayes", "method: bayesian", 13, "no search method 'bayesian'; did you mean bayes?"),
    ("method: bayes", "methods: bayes", 13, "a sweep has no key 'methods'; did you mean method?"),
    ("method: bayes\n", "\n", None, "method is missing"),
    ("method: bayes", "method: grid", 29, "a grid cannot go through a range without end"),
    ("run_cap: 60", "run_cap: 0", 14, "run_cap is 0; it has to be a whole number from 1"),
    ("run_cap: 60", "runcap: 60", 14, "a sweep has no key 'runcap'; did you mean run_cap?"),
    ("name: best/macro_auprc", "name: best/macro_aupcr", 17, "did you mean best/macro_auprc?"),
    ("name: best/macro_auprc", "name: val_loss", 17, "no run logs the metric val_loss"),
    ("name: best/macro_auprc", "nam: best/macro_auprc", 15, "metric has to have a name"),
    ("goal: maximize", "goal: max", 18, "metric.goal is 'max'; it has to be minimize or maximize"),
    ("goal: maximize", "goal: minimize", 18, "goal is minimize, but the best run has the highest"),
    ("goal: maximize", "target: high", 18, "metric.target is 'high'; it has to be a number"),
    ("parameters:", "parameter:", 20, "a sweep has no key 'parameter'; did you mean parameters?"),
    ("parameters:", "early_terminate: {type: median}\nparameters:", 20, "of type: hyperband"),
    ("parameters:", "early_terminate: {type: hyperband, max_iter: 9}\nparameters:", 20, "needs min_iter"),
    (
        "parameters:",
        "early_terminate: {type: hyperband, min_iter: 1, eta: 1}\nparameters:",
        20,
        "early_terminate.eta is 1; it has to be above 1",
    ),
    ('"-m", "training.train"]', '"training/train.py"]', 11, "cannot import models when run as a file"),
    ('"-m", "training.train"]', '"${program}"]\nprogram: training/train.py', 12, "when run as a file"),
    ("folds: {value: 3}", "folds: {value: many}", 22, "folds is 'many'; it has to be a whole number"),
    ("epochs: {value: 6}", "epoch: {value: 6}", 23, "epoch is not a hyperparameter; did you mean epochs?"),
    ("epochs: {value: 6}", "epochs: {value: 0}", 23, "epochs is 0; it has to be"),
    ("epochs: {value: 6}", "epochs: 6", 23, "write epochs: {value: 6}"),
    ("loss: {value: focal}", "loss: {value: focl}", 26, "loss cannot be 'focl'; did you mean focal?"),
    ("link: {value: sigmoid}", "link: {values: []}", 28, "values"),
    ("gamma: {min: 0.0, max: 5.0}", "gamma: {min: 5.0, max: 0.0}", 29, "min 5.0 is not below max 0.0"),
    ("gamma: {min: 0.0, max: 5.0}", "gamma: {min: 0, max: 5}", 29, "in whole numbers only"),
    (
        "gamma: {min: 0.0, max: 5.0}",
        "gamma: {minimum: 0.0, max: 5.0}",
        29,
        "it needs value, values, min",
    ),
    (
        "alpha: {min: 0.05, max: 0.95}",
        "alpha: {min: 0.05, max: 1.5}",
        30,
        "alpha is 1.5; it has to be",
    ),
    ("n_blocks: {min: 2, max: 5}", "n_blocks: {min: 2.0, max: 5.0}", 32, "n_blocks takes whole numbers"),
    ("n_blocks: {min: 2, max: 5}", "n_block: {min: 2, max: 5}", 32, "did you mean n_blocks?"),
    ("dropout: {min: 0.0, max: 0.5}", "dropout: {mu: 0.2, sigma: 0.1}", 33, "distribution"),
    ("sampler: {values: [none, sqrt,", "sampler: {values: [none, smot,", 35, "sampler cannot be 'smot'"),
    ("min: 1.0e-4", "min: 1e-4", 36, "YAML reads that as text: write 1.0e-4"),
    ("log_uniform_values", "log_unifrom_values", 36, "did you mean log_uniform_values?"),
    ("log_uniform_values", "log_uniform", 36, "learning_rate is"),
    ("learning_rate:", "gamma:", 36, "gamma is given twice; it stands in line 29 already"),
    ("  dropout:", "   dropout:", 33, "this is not YAML"),
]


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.name)
def test_the_sweeps_that_come_with_rarebeat_have_no_problems(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [problem.at(path.name) for problem in check_sweep(text, path.name)] == []
    assert "Question:" in text
    assert "Budget:" in text


@pytest.mark.parametrize(("old", "new", "line", "reason"), SPOILT, ids=[new.strip() for _, new, *_ in SPOILT])
def test_a_spoilt_sweep_is_refused_with_its_line_and_the_reason(
    tmp_path: Path, old: str, new: str, line: int | None, reason: str
) -> None:
    text = FOCAL.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    path = tmp_path / "spoilt.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    done = CliRunner().invoke(main, ["check", str(path)])
    assert (done.exit_code, done.stdout) == (2, "")
    said = done.stderr.splitlines()
    place = f"{path}:{line}: " if line else ""
    assert any(one.startswith(place) and reason in one for one in said), done.stderr


def test_the_table_of_our_training_has_what_the_sweeps_search() -> None:
    table = training_table()
    searched = {"gamma", "alpha", "n_blocks", "sampler", "learning_rate", "dropout"}
    assert searched <= table.hyperparameters.keys()
    assert "best/macro_auprc" in table.metrics
    kinds = {"float", "int", "bool", "str", "choice"}
    assert {rule["type"] for rule in table.hyperparameters.values()} <= kinds


CREATE = """
import contextlib, io, json, sys
import wandb, yaml
said = {}
for path in sys.argv[1:]:
    with open(path) as file, contextlib.redirect_stdout(io.StringIO()):
        try:
            sweep = wandb.sweep(yaml.safe_load(file), project="shipped", entity="local")
            said[path] = dict(wandb.Api().sweep(f"local/shipped/{sweep}").config)
        except (wandb.Error, ValueError) as error:
            said[path] = str(error)
print(json.dumps(said))
"""


@pytest.fixture
def create(tmp_path: Path, terminal):
    """Creates sweeps by the client; returns by file what the server holds, or why it does not."""
    shell = terminal(tmp_path)

    def created(files: list[Path], validator: list[str] | None = None) -> dict[str, dict | str]:
        server = daemon.start(tmp_path / "server", validator=validator)
        shell.environment |= server.environment
        try:
            done = shell.run(sys.executable, "-c", CREATE, *files)
        finally:
            daemon.stop(tmp_path / "server")
        assert "the sweep was not checked" not in done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return created


def test_the_client_creates_every_sweep_and_what_it_sends_is_as_good_as_the_file(create) -> None:
    held = create(SWEEPS)
    assert len(held) == len(SWEEPS) > 20
    for path, config in held.items():
        # The client fills in what the file leaves out.
        assert yaml.safe_load(Path(path).read_text(encoding="utf-8")).keys() <= config.keys(), config
        assert check_sweep(json.dumps(config)) == [], path


# `rarebeat check -`, but for the hyperparameters, which are read once: a busy machine takes so long over them
# that the server would give up.
CHECK = """
import json, sys
import click
from rarebeat.check import check_sweep, refuse
from rarebeat.sweep_rules import Table
with open(sys.argv[1]) as file:
    table = Table(**json.load(file))
try:
    refuse(check_sweep(sys.stdin.read(), "", lambda: table), "")
except click.exceptions.Exit as end:
    sys.exit(end.exit_code)
"""


@pytest.mark.slow
def test_a_server_that_checks_sweeps_takes_every_one_and_no_spoilt_one(create, tmp_path: Path) -> None:
    (tmp_path / "table.json").write_text(json.dumps(asdict(training_table())), encoding="utf-8")
    spoilt = tmp_path / "spoilt.yaml"
    spoilt.write_text(FOCAL.read_text(encoding="utf-8").replace("gamma:", "gama:"), encoding="utf-8")
    held = create([*SWEEPS, spoilt], [sys.executable, "-c", CHECK, str(tmp_path / "table.json")])
    assert "gama is not a hyperparameter; did you mean gamma?" in held.pop(str(spoilt))
    assert {path: config for path, config in held.items() if not isinstance(config, dict)} == {}
    assert len(held) == len(SWEEPS)


@pytest.mark.slow
def test_the_users_own_command_creates_the_sweeps_of_the_readme_on_a_server_that_checks_them(
    tmp_path: Path, terminal
) -> None:
    shell = terminal(tmp_path)
    shell.run("rarebeat", "up", "--port", "0")
    try:
        shell.environment |= daemon.running(tmp_path / ".rarebeat").environment
        for name in ("focal_bayes.yaml", "smoke.yaml"):
            done = shell.run("wandb", "sweep", "--project", "shipped", FOCAL.with_name(name))
            assert "wandb agent local/shipped/" in done.stdout + done.stderr
    finally:
        shell.run("rarebeat", "down")


@pytest.mark.slow
def test_every_sweep_passes_the_schema_of_the_vendors_own_engine(tmp_path: Path) -> None:
    download = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps"]
    done = subprocess.run(
        [*download, "--target", tmp_path, VENDOR], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"{VENDOR} cannot be downloaded here")
    schema = json.loads((tmp_path / "sweeps" / "config" / "schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert len(SWEEPS) > 20
    for path in SWEEPS:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert [error.message for error in validator.iter_errors(config)] == [], path.name
    assert list(validator.iter_errors(config | {"epochs": 5}))
