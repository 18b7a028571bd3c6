"""Times LPIPS with VGG-16 of random weights on a pair of 512x512 in PyTorch, as its authors compute it. The pair is one batch, or two where --apart is given.

python jmh/pytorch_lpips.py [--runs N] [--threads N] [--apart]
"""
import argparse
import time

import torch
from torch import nn

STAGES = [(64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512)]


def stage(inputs, widths, first):
    layers = [] if first else [nn.MaxPool2d(2)]
    for w in widths:
        layers += [nn.Conv2d(inputs, w, 3, padding=1), nn.ReLU(inplace=True)]
        inputs = w
    return nn.Sequential(*layers)


def maps(stages, x):
    found = []
    for s in stages:
        x = s(x)
        found.append(x)
    return found


def unit(x):
    return x / (torch.sqrt(torch.sum(x ** 2, dim=1, keepdim=True)) + 1e-10)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--apart", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    inputs, stages, weights = 3, [], []
    for widths in STAGES:
        stages.append(stage(inputs, widths, not stages))
        weights.append(nn.Conv2d(widths[-1], 1, 1, bias=False))
        inputs = widths[-1]
    shift = torch.tensor([-0.030, -0.088, -0.188]).view(1, 3, 1, 1)
    scale = torch.tensor([0.458, 0.448, 0.450]).view(1, 3, 1, 1)
    x = torch.rand(1, 3, 512, 512)
    pair = torch.cat([x, (x + 0.1 * torch.randn_like(x)).clamp(0, 1)])
    best = float("inf")
    for _ in range(given.runs):
        begin = time.perf_counter()
        with torch.no_grad():
            normal = (2 * pair - 1 - shift) / scale
            if given.apart:
                a, b = maps(stages, normal[:1]), maps(stages, normal[1:])
            else:
                a, b = zip(*((m[:1], m[1:]) for m in maps(stages, normal)))
            distance = sum(w((unit(f) - unit(g)) ** 2).mean((2, 3)) for w, f, g in zip(weights, a, b))
        taken = time.perf_counter() - begin
        best = min(best, taken)
        print(f"{taken:.3f} s")
    print(f"best {best:.3f} s, {given.threads} threads, {distance.item():g}")


main()
