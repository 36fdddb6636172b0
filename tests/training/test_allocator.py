"""Memory that was given back is there for the next step, without the system."""

import platform
import subprocess
import sys

import pytest

# Blocks of 8 MiB from several threads, as a step's, all given back before the next ones are wanted.
STEPS = """
import resource
from concurrent.futures import ThreadPoolExecutor
import numpy as np
{before}
def step(_):
    return [np.ones(1 << 20) for _ in range(3)][0][0]
with ThreadPoolExecutor(2) as pool:
    list(pool.map(step, range(20)))
    begun = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    list(pool.map(step, range(100)))
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - begun)
"""


def page_faults(before: str) -> int:
    code = STEPS.format(before=before)
    return int(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc gives memory back so")
def test_a_step_takes_the_memory_of_the_one_before():
    kept = page_faults("from training.allocator import keep_memory; keep_memory()")
    assert kept < 0.1 * page_faults("")
