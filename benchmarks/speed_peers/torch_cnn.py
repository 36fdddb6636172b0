"""The network of `benchmarks/training_speed.py` in PyTorch, in a process and an environment of its own.

First line in: {"length", "channels", "classes", "filters": [...], "kernel", "dense", "dropout", "rows",
"held_out", "batch", "threads"}; out: {"parameters", "version"}. Then for each line an epoch: {"spent": [s by
the clock, s of processor time]}.
"""

import json
import sys
import time

import torch
from torch import nn


def network(asked: dict) -> nn.Sequential:
    layers, channels = [], asked["channels"]
    for filters in asked["filters"]:
        convolution = nn.Conv1d(channels, filters, asked["kernel"], padding="same", bias=False)
        layers += [convolution, nn.BatchNorm1d(filters), nn.ReLU(), nn.MaxPool1d(2)]
        layers.append(nn.Dropout(asked["dropout"]))
        channels = filters
    layers += [nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(channels, asked["dense"]), nn.ReLU()]
    return nn.Sequential(*layers, nn.Dropout(asked["dropout"]), nn.Linear(asked["dense"], asked["classes"]))


def arrays(asked: dict, rows: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(rows, asked["channels"], asked["length"]), torch.randint(asked["classes"], (rows,))


def epoch(
    model: nn.Module, optimizer: torch.optim.Optimizer, asked: dict, data: tuple, held_out: tuple
) -> None:
    x, y = data
    model.train()
    for rows in torch.randperm(len(x)).split(asked["batch"]):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        for part, truth in zip(held_out[0].split(512), held_out[1].split(512), strict=True):
            nn.functional.cross_entropy(model(part), truth).item()


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    torch.manual_seed(0)
    torch.set_num_threads(asked["threads"])
    model = network(asked)
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3)
    data, held_out = arrays(asked, asked["rows"]), arrays(asked, asked["held_out"])
    parameters = sum(one.numel() for one in model.parameters())
    print(json.dumps({"parameters": parameters, "version": torch.__version__}), flush=True)
    for _ in sys.stdin:
        began = time.perf_counter(), time.process_time()
        epoch(model, optimizer, asked, data, held_out)
        spent = time.perf_counter() - began[0], time.process_time() - began[1]
        print(json.dumps({"spent": spent}), flush=True)


if __name__ == "__main__":
    main()
