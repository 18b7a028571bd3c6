"""What the libraries behind PyTorch take for the ops of a guided step, which come on standard input as DeviceBench lists them:

    LinearOp/372x [2, 1024, 1280] [1280, 1280]:F16

    ... DeviceBench Op/ --list --types F16 | python3 library_rates.py [--device cuda|cpu] [--seconds N]

Each way is 20 calls over rotating buffers, on a GPU as a CUDA graph; the last column is the best way but FP8, times the op's runs in a step.
"""

import argparse
import math
import re
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

CALLS, SETS, ROUNDS = 20, 4, 7


class Rates:
    def __init__(self, device):
        self.cuda = device != "cpu"
        self.device, self.dtype = device, torch.float16 if self.cuda else torch.float32
        self.shrink = 1 if self.cuda else 8
        self.totals = {}

    def draw(self, *sizes):
        """A rehearsal divides the larger sizes."""
        return torch.randn(*(s if s <= 16 else max(16, s // self.shrink) for s in sizes), device=self.device, dtype=self.dtype)

    def seconds(self, calls):
        def body():
            for i in range(CALLS):
                calls[i % len(calls)]()

        if not self.cuda:
            begin = time.perf_counter()
            calls[0]()
            return time.perf_counter() - begin
        side = torch.cuda.Stream()
        with torch.cuda.stream(side):
            for call in calls:
                call()
        torch.cuda.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            body()
        graph.replay()
        times = []
        for _ in range(ROUNDS):
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            graph.replay()
            end.record()
            torch.cuda.synchronize()
            times.append(begin.elapsed_time(end) / 1e3 / CALLS)
        return statistics.median(times)

    def row(self, op, runs, shapes, make):
        """make() gives a set of buffers as the ways to compute the op: {name: call}."""
        sets = [make() for _ in range(SETS if self.cuda else 1)]
        best, cells = None, []
        for way in sets[0]:
            try:
                t = self.seconds([s[way] for s in sets])
            except (RuntimeError, ValueError) as e:
                cells.append(f"{way} FAILS: {str(e).splitlines()[0][:60]}")
                continue
            cells.append(f"{way} {t * 1e6:.1f} us")
            if way != "fp8" and (best is None or t < best):
                best = t
        step = (best or 0) * runs * 1e3
        self.totals[op] = self.totals.get(op, 0) + step
        print(f"| {op} {' '.join(map(str, shapes))} | {runs} | {', '.join(cells)} | {step:.3f} |", flush=True)

    def linear(self, x, w, *bias):
        def make():
            a, b, c = self.draw(*x), self.draw(*w), self.draw(w[0])
            ways = {"plain": lambda: F.linear(a, b), "bias": lambda: F.linear(a, b, c)}
            rows, y = a.reshape(-1, a.shape[-1]), F.linear(a, b).reshape(-1, b.shape[0])
            ways["residual"] = lambda: torch.addmm(y, rows, b.t())
            if self.cuda and rows.shape[0] >= 16:
                narrow, turned, one = rows.to(torch.float8_e4m3fn), b.to(torch.float8_e4m3fn).t(), torch.ones((), device=self.device)
                ways["fp8"] = lambda: torch._scaled_mm(narrow, turned, scale_a=one, scale_b=one, out_dtype=self.dtype, use_fast_accum=True)
            return ways
        return make

    def convolution(self, options, x, w, *bias):
        stride, padding = int(options.get("stride", 1)), int(options.get("top", 0))

        def make():
            a = self.draw(x[0], x[3], x[1], x[2]).contiguous(memory_format=torch.channels_last)
            b = self.draw(w[0], w[3], w[1], w[2]).contiguous(memory_format=torch.channels_last)
            c = self.draw(w[0])
            return {"plain": lambda: F.conv2d(a, b, None, stride, padding), "bias": lambda: F.conv2d(a, b, c, stride, padding)}
        return make

    def attention(self, options, q, k, v, *bias):
        heads = int(options["heads"])

        def make():
            split = [self.draw(t[0], t[1], heads, t[2] // heads).transpose(1, 2) for t in (q, k, v)]

            def by(backend):
                def call():
                    with sdpa_kernel(backend):
                        return F.scaled_dot_product_attention(*split)
                return call
            if not self.cuda:
                return {"math": by(SDPBackend.MATH)}
            return {"cudnn": by(SDPBackend.CUDNN_ATTENTION), "flash": by(SDPBackend.FLASH_ATTENTION)}
        return make

    def layer_norm(self, x, w, *bias):
        def make():
            a, b = self.draw(*x), self.draw(w[0])
            return {"eager": lambda: F.layer_norm(a, b.shape, b, b)}
        return make

    def group_norm(self, options, x, w, *bias):
        def make():
            a = self.draw(x[0], x[3], x[1], x[2]).contiguous(memory_format=torch.channels_last)
            b = self.draw(x[3])
            groups = math.gcd(int(options["groups"]), a.shape[1])
            return {"eager": lambda: F.silu(F.group_norm(a, groups, b, b))}
        return make

    def geglu(self, x):
        def make():
            a = self.draw(*x)

            def call():
                value, gate = a.chunk(2, -1)
                return value * F.gelu(gate)
            return {"eager": call}
        return make

    def sum(self, x, y):
        def make():
            a, b = self.draw(*x), self.draw(*y)
            return {"eager": lambda: a + b}
        return make


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=170, help="no new op is begun after so many")
    a = parser.parse_args()
    end = time.monotonic() + a.seconds
    torch.backends.cudnn.benchmark = True
    torch.set_grad_enabled(False)
    rates = Rates(a.device)
    print(f"PyTorch {torch.__version__} on {torch.cuda.get_device_name() if rates.cuda else 'CPU, small sizes: the times mean nothing'}\n")
    print("| op | runs | ways | ms a step |\n|---|---:|---|---:|", flush=True)
    seen = 0
    for line in sys.stdin:
        found = re.match(r"(\w+)/(\d+)x (.*?)(?: \{(.*)\})?(?::\w+)?$", line.strip())
        if not found:
            continue
        op, runs = found[1], int(found[2])
        shapes = [[int(n) for n in s.split(",")] for s in re.findall(r"\[([\d, ]+)\]", found[3])]
        options = dict(o.split("=", 1) for o in (found[4] or "").split() if "=" in o)
        make = {
            "LinearOp": lambda: rates.linear(*shapes),
            "Conv2dOp": lambda: rates.convolution(options, *shapes),
            "AttentionOp": lambda: rates.attention(options, *shapes),
            "LayerNormOp": lambda: rates.layer_norm(*shapes),
            "GroupNormOp": lambda: rates.group_norm(options, *shapes),
            "GegluOp": lambda: rates.geglu(*shapes),
            "BinaryOp": lambda: rates.sum(*shapes),
        }.get(op)
        if make is None:
            continue
        seen += 1
        if time.monotonic() > end:
            print(f"| {op} | {runs} | no time was left | |", flush=True)
        else:
            rates.row(op, runs, shapes, make())
    print("\nBest ways, ms of a step:", ", ".join(f"{op} {ms:.2f}" for op, ms in rates.totals.items()), f"sum {sum(rates.totals.values()):.2f}")
    sys.exit(0 if seen else "library_rates: no op came on standard input")


if __name__ == "__main__":
    main()
