"""Times PyTorch on the shapes of the kernel benchmarks and on an RRDBNet, for whoever has it: python jmh/pytorch_peer.py

Prints one row for each case: median of several runs in milliseconds and GFLOP/s, in F32 on all threads.
"""
import statistics
import time

import torch
import torch.nn.functional as F


def timed(flops, name, work, runs=9):
    for _ in range(3):
        work()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    print(f"| {name} | PyTorch {torch.__version__} | {median * 1e3:.2f} ms | {flops / median / 1e9:.0f} GFLOP/s |", flush=True)


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


class RrdbNet:
    """The layers of Real-ESRGAN's x4 network (BasicSR rrdbnet_arch.py) with random weights."""

    def __init__(self, features=64, growth=32, blocks=23):
        self.flops = 0
        self.first, self.last = self.conv(3, features), self.conv(features, 3)
        self.body, self.up1, self.up2, self.hr = (self.conv(features, features) for _ in range(4))
        self.dense = [[self.conv(features + i * growth, growth if i < 4 else features) for i in range(5)] for _ in range(3 * blocks)]

    @staticmethod
    def conv(channels, out):
        weight = torch.randn(out, channels, 3, 3) / (9 * channels) ** 0.5
        return weight.contiguous(memory_format=torch.channels_last), torch.randn(out)

    def apply(self, layer, x):
        self.flops += 2 * layer[0].numel() * x.shape[2] * x.shape[3]
        return F.conv2d(x, *layer, padding=1)

    def active(self, layer, x):
        return F.leaky_relu_(self.apply(layer, x), 0.2)

    def block(self, convs, x):
        seen = [x]
        for layer in convs[:-1]:
            seen.append(self.active(layer, torch.cat(seen, 1)))
        return self.apply(convs[-1], torch.cat(seen, 1)) * 0.2 + x

    def forward(self, x):
        self.flops = 0
        first = h = self.apply(self.first, x)
        for i in range(0, len(self.dense), 3):
            y = h
            for convs in self.dense[i:i + 3]:
                y = self.block(convs, y)
            h = y * 0.2 + h
        h = first + self.apply(self.body, h)
        for layer in (self.up1, self.up2):
            h = self.active(layer, F.interpolate(h, scale_factor=2, mode="nearest"))
        return self.apply(self.last, self.active(self.hr, h))


def rrdbnet(name, size):
    net = RrdbNet()
    x = torch.rand(1, 3, size, size).contiguous(memory_format=torch.channels_last)
    net.forward(x)
    timed(net.flops, "model/" + name, lambda: net.forward(x), runs=3)


@torch.inference_mode()
def main():
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
    rrdbnet("rrdbnet-x4-128", 128)


if __name__ == "__main__":
    main()
