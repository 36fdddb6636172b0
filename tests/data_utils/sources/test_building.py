"""A build on both cores: in order, in little memory, and without a trace when it is killed."""

from __future__ import annotations

import operator
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from data_utils.dataset import open_dataset
from data_utils.layout import test_path as sealed_path
from data_utils.sources import pool
from data_utils.sources.options import TWELVE

HEADER = "\n".join(
    ["{name} 12 500 5000", *(f"{{name}}.mat 16+24 1000/mV 16 0 0 0 0 {lead}" for lead in TWELVE), ""]
)


def write_challenge(folder: Path, count: int) -> None:
    """Recordings of 10 s as .mat and .hea, 120 kB each, no two alike."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    noise = rng.integers(-500, 500, (5000, 12)).astype("<i2")
    for number in range(count):
        name = f"S{number:05d}"
        noise[0] = number % 1000, number // 1000, *[0] * 10
        (folder / f"{name}.mat").write_bytes(bytes(24) + noise.tobytes())
        dx = ("164889003", "59118001", "426783006")[number % 3]
        (folder / f"{name}.hea").write_text(HEADER.format(name=name) + f"#Age: 50\n#Sex: Male\n#Dx: {dx}\n")


def start(folder: Path, out: Path) -> subprocess.Popen:
    program = "from rarebeat.cli import main; main()"
    arguments = ["data", "build", "cinc", "--from", str(folder), "--out", str(out)]
    return subprocess.Popen([sys.executable, "-c", program, *arguments], stderr=subprocess.PIPE)


def family(process: int) -> list[int]:
    """The process and all that it started."""
    children = Path(f"/proc/{process}/task/{process}/children")
    try:
        own = [int(child) for child in children.read_text().split()]
    except OSError:
        return []
    return [process, *(each for child in own for each in family(child))]


def memory(process: int) -> float:
    """MB that a process and its children hold, shared pages counted once."""
    total = 0
    for each in family(process):
        try:
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except OSError:
            continue
    return total / 1024


@pytest.mark.slow
def test_results_come_in_order_from_many_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_WORTH_IT", 0)
    # Other processes import what they call, so it is a library's function.
    powers = partial(operator.pow, 3)
    assert list(pool.in_order(powers, range(200))) == [3**number for number in range(200)]


@pytest.mark.slow
def test_an_error_in_another_process_ends_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_WORTH_IT", 0)
    with pytest.raises(ZeroDivisionError):
        list(pool.in_order(partial(operator.truediv, 1), range(150, -1, -1)))


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="reads /proc")
def test_memory_does_not_grow_with_the_source(tmp_path: Path) -> None:
    # SIZE=8800 is 1 GB; the default, 240 MB, is enough to see growth.
    count = int(os.environ.get("SIZE", "2000"))
    write_challenge(tmp_path / "source", count)
    process, peak, began = start(tmp_path / "source", tmp_path / "x.h5"), 0.0, time.monotonic()
    while process.poll() is None:
        peak = max(peak, memory(process.pid))
        time.sleep(0.1)
    print(f"{count} recordings, {count * 0.12:.0f} MB: {time.monotonic() - began:.0f} s, peak {peak:.0f} MB")
    assert process.returncode == 0, process.stderr.read()
    process.stderr.close()
    built, sealed = open_dataset(tmp_path / "x.h5"), open_dataset(sealed_path(tmp_path / "x.h5"))
    assert len(built) + len(sealed) == count
    assert peak < 500


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads /proc")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_killed_build_leaves_no_file_and_no_process(tmp_path: Path, how: signal.Signals) -> None:
    write_challenge(tmp_path / "source", 1500)
    process = start(tmp_path / "source", tmp_path / "x.h5")
    deadline = time.monotonic() + 90
    while len(family(process.pid)) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    members = family(process.pid)
    assert len(members) >= 3
    time.sleep(1.0)
    os.kill(process.pid, how)
    process.wait(timeout=60)
    process.stderr.close()
    while any(alive(each) for each in members) and time.monotonic() < deadline + 30:
        time.sleep(0.1)
    assert not [each for each in members if alive(each)]
    assert not (tmp_path / "x.h5").exists() and not sealed_path(tmp_path / "x.h5").exists()
    if how != signal.SIGKILL:
        assert [path.name for path in tmp_path.iterdir()] == ["source"]


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
