"""What importing the program of a run brings along, and leaves as it was."""

import subprocess
import sys

PROGRAM = """
import gc, sys
import training.train
print(sorted({"jax", "matplotlib", "pandas", "sklearn", "scipy.signal", "scipy.stats"} & set(sys.modules)))
import pandas, scipy.signal, sklearn
print(gc.isenabled(), None in sys.modules.values())
"""


def test_a_run_starts_without_packages_that_take_long_and_that_few_runs_use():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)

    assert done.stdout.splitlines() == ["[]", "True False"], done.stderr
