"""Times PyTorch on the shapes of the benchmarks, for whoever has it: python jmh/pytorch_peer.py [--bf16] [--beside [--onnx]] [FILTER]

Prints one row for each case with FILTER in its name: median of several runs in milliseconds and GFLOP/s, in F32 on all threads, or with
--bf16 with inputs, weights and results in BF16. With --beside it takes turns with bin/bench, run by run, and prints the medians of both and, for noisy machines, of the ratios of neighbouring
runs (ours to PyTorch's), with the least and the most. With --onnx ONNX Runtime takes its turn, too, in F32, where its one operator does the
same: linear layers, convolutions, attention. The whole U-Net holds 10 GB.
"""
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F

from pytorch_rrdbnet import RrdbNet
from pytorch_srvggnet import SrvggNet
from pytorch_sdxl import Decoder, UNet, unet_inputs

BESIDE = "--beside" in sys.argv
BF16 = "--bf16" in sys.argv
ONNX = "--onnx" in sys.argv
FILTER = ([a for a in sys.argv[1:] if not a.startswith("--")] or [""])[0]
ROUNDING = {"LinearOp": "LinearBf16", "Conv2dOp": "Conv2dWinogradBf16", "AttentionOp": "AttentionBf16"}  # our kernels beside --bf16
PAUSE = 0.2  # seconds until the other side's threads sleep


def measured(work):
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1e3


def timed(flops, name, work, runs=9, warmup=3):
    if FILTER not in name:
        return
    for _ in range(warmup):
        work()
    if BESIDE:
        beside(flops, name, work, runs)
        return
    median = statistics.median(measured(work) for _ in range(runs))
    print(f"| {name} | PyTorch {torch.__version__} | {median:.2f} ms | {flops / median / 1e6:.0f} GFLOP/s |", flush=True)


def beside(flops, name, work, runs):
    command = [Path(__file__).parent.parent / "bin/bench", "--turns", "--seconds", "10", name]
    op = name.split("/")[0]
    if BF16 and op in ROUNDING:
        command += ["--kernel", ROUNDING[op]]
    if BF16 and op == "model":
        command[-1] += "-bf16"
    sides = {"ours": ready(command)}
    if ONNX and op in ROUNDING:
        sides["ONNX Runtime"] = ready(command[:5] + ["--peers"])
    rounds = []
    for _ in range(runs):
        time.sleep(PAUSE)
        times = {"PyTorch " + torch.__version__: measured(work)}
        for side, process in sides.items():
            time.sleep(PAUSE)
            process.stdin.write("\n")
            times[side] = float(process.stdout.readline())
        rounds.append(times)
    for process in sides.values():
        process.stdin.close()
        process.wait()
    mine = statistics.median(r["ours"] for r in rounds)
    row = f"| {name} | {mine:.1f} ms | {flops / mine / 1e6:.0f} GFLOP/s |"
    for side in rounds[0]:
        if side != "ours":
            theirs, ratios = statistics.median(r[side] for r in rounds), [r["ours"] / r[side] for r in rounds]
            row += (f" {side} | {theirs:.1f} ms | {flops / theirs / 1e6:.0f} GFLOP/s "
                    f"| {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) |")
    print(row, flush=True)


def ready(command):
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    if process.stdout.readline() != "ready\n":
        sys.exit(f"{' '.join(map(str, command))} did not start")
    return process


def linear(name, m, n, k):
    x, w, b = torch.randn(m, k), torch.randn(n, k), torch.randn(n)
    timed(2 * m * n * k, "LinearOp/" + name, lambda: F.linear(x, w, b))


def conv(name, channels, out, size):
    x = torch.randn(1, channels, size, size).contiguous(memory_format=torch.channels_last)
    w = torch.randn(out, channels, 3, 3).contiguous(memory_format=torch.channels_last)
    b = torch.randn(out)
    timed(2 * size * size * out * channels * 9, "Conv2dOp/" + name, lambda: F.conv2d(x, w, b, padding=1))


def attention(name, heads, queries, keys, width):
    q, k, v = (torch.randn(1, heads, n, width) for n in (queries, keys, keys))
    timed(4 * heads * queries * keys * width, "AttentionOp/" + name, lambda: F.scaled_dot_product_attention(q, k, v))


def model(flops, name, make, inputs):
    if FILTER not in name:
        return
    with torch.device("meta"):
        net = make()
    net = net.to_empty(device="cpu").eval().to(memory_format=torch.channels_last)
    for p in net.parameters():
        p.uniform_(-0.02, 0.02)
    if BF16:
        net = net.bfloat16()
        inputs = [x.bfloat16() if x.is_floating_point() else x for x in inputs]
    timed(flops, name, lambda: net(*inputs), runs=5, warmup=1)


@torch.inference_mode()
def main():
    if BF16:
        torch.set_default_dtype(torch.bfloat16)  # of inputs and weights drawn here
    linear("4096x1280", 4096, 1280, 1280)
    linear("unet-640", 4096, 640, 640)
    linear("geglu-in", 1024, 10240, 1280)
    linear("geglu-out", 1024, 1280, 5120)
    conv("unet-320", 320, 320, 64)
    conv("unet-640", 640, 640, 32)
    conv("vae-512", 512, 512, 64)
    conv("vae-128", 128, 128, 256)
    attention("unet-4096", 10, 4096, 4096, 64)
    attention("unet-1024", 20, 1024, 1024, 64)
    attention("unet-cross", 10, 4096, 77, 64)
    model(1.591e12, "model/unet-64x64", UNet, unet_inputs(1, 64))
    model(1.591e12, "model/unet-64x64-text-kept", UNet, unet_inputs(1, 64))  # by us only: PyTorch computes the text's keys each time
    model(2.483e12, "model/vae-decode-512", Decoder, (torch.randn(1, 4, 64, 64),))
    model(5.875e11, "model/rrdbnet-x4-128", RrdbNet, (torch.rand(1, 3, 128, 128),))
    model(3.962e10, "model/srvggnet-x4-128", SrvggNet, (torch.rand(1, 3, 128, 128),))


if __name__ == "__main__":
    main()
