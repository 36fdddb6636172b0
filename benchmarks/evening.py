"""An evening on two cores: MIT-BIH from noise floor to a proven model, with nothing but our own commands.

    ECG_DATA=FOLDER python benchmarks/evening.py --out FOLDER --write docs/evening.md

ECG_DATA/mitdb holds the records. DS2 stays sealed: of DS1's 22 patients 17 are searched on, by patient
folds, and five, the usual validation records, are kept apart for `rarebeat evaluate`, so that this runs end
to end as often as one likes. The resampling grid, after which no model is proven, has all 22. Runs are short
(SHORT). Each stage is kept in --out: the same command goes on where it ended.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

from evening_stages import page
from evening_stages.commands import Commands
from evening_stages.kept import Kept, Stage

from data_utils.sources.mitdb import DS1, VALIDATION
from rarebeat.backend import Backend, connect
from rarebeat.sweep_runs import find_sweep, read_sweep

SWEEPS = Path(__file__).parents[1] / "sweeps"
AGENTS = 2
# Whoever else works on the machine goes first.
NICE = 10
SHORT = {"folds": 2, "epochs": 2, "steps_per_epoch": 40, "resample_to": 120.0, "filters": 8}
SEEDED, RUNS = 6, 60
TOP, SEEDS = 3, 2
MEMBERS = 5
# Of the grid: none, repeating with and without noise, SMOTE, borderline SMOTE and ADASYN.
FIRST_SAMPLERS = 6
FILES = {
    "search": [record for record in DS1 if record not in VALIDATION],
    "held_out": list(VALIDATION),
    "ds1": list(DS1),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "rarebeat-evening")
    parser.add_argument("--write", type=Path, help="file for the tables; else they are printed")
    parser.add_argument("--hours", type=float, help="the search begins no run after so long")
    parser.add_argument("--small", action="store_true", help="one seed, one network and six samplers")
    asked = parser.parse_args()
    if not (records := Path(os.environ.get("ECG_DATA", "")) / "mitdb").is_dir():
        parser.error("ECG_DATA has to name a folder that holds mitdb/ with 100.hea, 100.dat, 100.atr …")
    asked.out.mkdir(parents=True, exist_ok=True)
    os.nice(NICE)
    commands = Commands(asked.out.resolve())
    with commands.server():
        evening = Evening(commands, Kept(asked.out / "stages", commands), asked.hours, asked.small)
        stages = evening.all(records.resolve())
    options = (f" --hours {asked.hours:g}" if asked.hours else "") + (" --small" if asked.small else "")
    text = page.page(stages, SHORT, options)
    if asked.write:
        asked.write.write_text(text, encoding="utf-8")
    else:
        print(text)


class Evening:
    """The stages in their order; each takes the earlier ones' results."""

    def __init__(self, commands: Commands, kept: Kept, hours: float | None, small: bool) -> None:
        self.commands = commands
        self.kept = kept
        self.hours = hours
        self.seeds = 1 if small else SEEDS
        self.grid = {"loss": "ce"} | ({"model": "cnn"} if small else {})
        self.samplers = FIRST_SAMPLERS if small else None

    def all(self, records: Path) -> dict[str, Stage]:
        """Make what is not there yet, and return every stage by name."""
        done = {"data": self.kept.stage("data", FILES, lambda: self._build(records))}
        done["noise floor"] = self._sweep("noise_floor", "search", SEEDED)
        done["focal search"] = focal = self._sweep("focal_bayes", "search", RUNS, self.hours)
        path = focal.found["sweep"]
        done["confirm"] = confirmed = self.kept.stage(
            "confirm", {"of": path, "top": TOP, "seeds": self.seeds}, lambda: self._confirm(path)
        )
        done["ensemble"] = self.kept.stage(
            "ensemble", {"of": path, "top": MEMBERS}, lambda: self._ensemble(path)
        )
        done["evaluate"] = self.kept.stage("evaluate", {"of": confirmed.found}, self._evaluate)
        done["resampling"] = self._sweep("resampling_grid", "ds1", self.samplers, **self.grid)
        grid = done["resampling"].found["sweep"]
        done["resampling compared"] = self.kept.stage("compared", {"of": grid}, lambda: self._compare(grid))
        return done

    def _build(self, records: Path) -> dict[str, int]:
        for name, chosen in FILES.items():
            folder = self.commands.folder / "records" / name
            folder.mkdir(parents=True, exist_ok=True)
            for record in chosen:
                for file in records.glob(f"{record}.*"):
                    (folder / file.name).unlink(missing_ok=True)
                    (folder / file.name).symlink_to(file)
            self.commands.run(
                "data", "build", "mitdb", "--from", folder, "--out", f"{name}.h5", "--overwrite"
            )
        return {name: len(chosen) for name, chosen in FILES.items()}

    def _sweep(
        self, name: str, data: str, runs: int | None = None, hours: float | None = None, **fixed: Any
    ) -> Stage:
        settings = {**SHORT, **fixed}
        given = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
        given += ["--runs", runs] if runs else []
        given += ["--hours", hours] if hours else []
        command = ["sweep", SWEEPS / f"{name}.yaml", "--data", f"{data}.h5", "--agents", AGENTS, *given]

        def make() -> dict[str, Any]:
            found = self.commands.json(*command, "-o", f"models/{name}")
            return found | {"objectives": self._objectives(found["sweep"])}

        return self.kept.stage(name, {"data": data, "runs": runs, **settings}, make)

    def _objectives(self, path: str) -> dict[str, float]:
        api = connect(self._backend())
        entries = read_sweep(api, find_sweep(api, path)).entries
        return {entry.id: entry.objective for entry in entries if entry.objective is not None}

    def _backend(self) -> Backend:
        environment = self.commands.environment
        return Backend(environment["WANDB_BASE_URL"], environment["WANDB_API_KEY"], embedded=True)

    def _confirm(self, path: str) -> dict[str, Any]:
        asked = ["--top", TOP, "--seeds", self.seeds, "--agents", AGENTS, "--data", "search.h5"]
        found = self.commands.json("confirm", path, *asked)
        self.commands.run("best", found["sweeps"][found["first"]], "-o", "models/confirmed")
        return found

    def _ensemble(self, path: str) -> dict[str, Any]:
        return self.commands.json("ensemble", path, "-o", "models/ensemble", "--top", MEMBERS)

    def _evaluate(self) -> dict[str, Any]:
        models = {
            "default settings": "noise_floor",
            "first of the search": "focal_bayes",
            "confirmed": "confirmed",
            "ensemble": "ensemble",
        }
        asked = ["--data", "held_out.h5", "--whole"]
        return {
            name: self.commands.json("evaluate", f"models/{model}", *asked) for name, model in models.items()
        }

    def _compare(self, path: str) -> list[dict[str, Any]]:
        # It reads predictions, as the commands do, and no command says it of a single class.
        from evening_stages.samplers import against_none

        return against_none(connect(self._backend()), path)


if __name__ == "__main__":
    main()
