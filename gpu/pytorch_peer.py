"""Times PyTorch on the blocks and models of the device benchmarks, under the same names: python3 pytorch_peer.py --device cuda

SDXL's U-Net, FaithDiff's alignment and the autoencoder written with torch.nn, random weights, channels-last, scaled_dot_product_attention; first
eager, then torch.compile. Prints a row for each case. No other package than PyTorch is needed.
"""
import argparse
import math
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

TIME, TEXT, TOKENS, GROUPS = 1280, 2048, 77, 32


class Resnet(nn.Module):
    def __init__(self, inputs, outputs, time_channels=TIME, eps=1e-5):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(GROUPS, inputs, eps), nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time = nn.Linear(time_channels, outputs) if time_channels else None
        self.norm2, self.conv2 = nn.GroupNorm(GROUPS, outputs, eps), nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, x, temb=None):
        h = self.conv1(F.silu(self.norm1(x)))
        if self.time is not None:
            h = h + self.time(temb)[:, :, None, None]
        h = self.conv2(F.silu(self.norm2(h)))
        return (x if self.shortcut is None else self.shortcut(x)) + h


class Attention(nn.Module):
    def __init__(self, channels, context, heads):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(n, channels, bias=False) for n in (channels, context, context))
        self.out, self.heads = nn.Linear(channels, channels), heads

    def forward(self, x, context):
        q, k, v = (t.unflatten(-1, (self.heads, -1)).transpose(1, 2) for t in (self.q(x), self.k(context), self.v(context)))
        return self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class Transformer(nn.Module):
    def __init__(self, channels, heads):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(channels) for _ in range(3))
        self.self_attention, self.cross = Attention(channels, channels, heads), Attention(channels, TEXT, heads)
        self.gate, self.out = nn.Linear(channels, 8 * channels), nn.Linear(4 * channels, channels)

    def forward(self, x, text):
        n = self.norm1(x)
        x = x + self.self_attention(n, n)
        x = x + self.cross(self.norm2(x), text)
        value, gate = self.gate(self.norm3(x)).chunk(2, -1)
        return x + self.out(value * F.gelu(gate))


class SpatialTransformer(nn.Module):
    def __init__(self, channels, heads, depth):
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, channels, 1e-6)
        self.project, self.out = nn.Linear(channels, channels), nn.Linear(channels, channels)
        self.blocks = nn.ModuleList(Transformer(channels, heads) for _ in range(depth))

    def forward(self, x, text):
        b, c, h, w = x.shape
        t = self.project(self.norm(x).permute(0, 2, 3, 1).reshape(b, h * w, c))
        for block in self.blocks:
            t = block(t, text)
        return x + self.out(t).reshape(b, h, w, c).permute(0, 3, 1, 2)


class Level(nn.Module):
    """Resnets, each followed by a transformer where there are some, then an optional sampler."""

    def __init__(self, widths, channels, heads, depth, sampler):
        super().__init__()
        self.resnets = nn.ModuleList(Resnet(w, channels) for w in widths)
        self.transformers = nn.ModuleList(SpatialTransformer(channels, heads, depth) for _ in widths) if depth else None
        self.sampler = sampler

    def block(self, i, x, temb, text):
        x = self.resnets[i](x, temb)
        return x if self.transformers is None else self.transformers[i](x, text)


class UNet(nn.Module):
    """SDXL's U-Net with FaithDiff's alignment of the first features."""

    def __init__(self, channels=(320, 640, 1280), heads=(5, 10, 20), depth=(0, 2, 10), pooled=1280):
        super().__init__()
        last = len(channels) - 1
        self.width = channels[0]
        self.conv_in, self.conv_out = nn.Conv2d(4, channels[0], 3, padding=1), nn.Conv2d(channels[0], 4, 3, padding=1)
        self.time = nn.Sequential(nn.Linear(channels[0], TIME), nn.SiLU(), nn.Linear(TIME, TIME))
        self.extra = nn.Sequential(nn.Linear(pooled + 6 * 256, TIME), nn.SiLU(), nn.Linear(TIME, TIME))
        skips, width, down, up = [channels[0]], channels[0], [], []
        for i, c in enumerate(channels):
            sampler = None if i == last else nn.Conv2d(c, c, 3, stride=2, padding=1)
            down.append(Level((width, c), c, heads[i], depth[i], sampler))
            skips += [c, c] + ([] if i == last else [c])
            width = c
        self.down = nn.ModuleList(down)
        self.mid1, self.mid2 = Resnet(width, width), Resnet(width, width)
        self.mid = SpatialTransformer(width, heads[last], depth[last])
        for i in range(last, -1, -1):
            widths = []
            for _ in range(3):
                widths.append(width + skips.pop())
                width = channels[i]
            up.append(Level(widths, width, heads[i], depth[i], None if i == 0 else nn.Conv2d(width, width, 3, padding=1)))
        self.up = nn.ModuleList(up)
        self.norm_out = nn.GroupNorm(GROUPS, channels[0])
        self.align = nn.ModuleList(Aligning(2 * channels[0]) for _ in range(2))
        self.align_out = nn.Linear(2 * channels[0], channels[0])

    def forward(self, latents, condition, timestep, text, pooled, sizes):
        h = self.conv_in(latents)
        t = torch.cat((h, condition), 1).permute(0, 2, 3, 1)
        for block in self.align:
            t = block(t)
        h = h + self.align_out(t).permute(0, 3, 1, 2)
        rows = text.shape[0]
        h = h.expand(rows, -1, -1, -1).contiguous(memory_format=torch.channels_last)
        times = sinusoid(timestep.expand(rows), self.width).to(h.dtype)
        extra = torch.cat((pooled, sinusoid(sizes.flatten(), 256).reshape(rows, -1).to(h.dtype)), 1)
        temb = F.silu(self.time(times) + self.extra(extra))
        skips = [h]
        for level in self.down:
            for i in range(2):
                h = level.block(i, h, temb, text)
                skips.append(h)
            if level.sampler is not None:
                h = level.sampler(h)
                skips.append(h)
        h = self.mid2(self.mid(self.mid1(h, temb), text), temb)
        for level in self.up:
            for i in range(3):
                h = level.block(i, torch.cat((h, skips.pop()), 1), temb, text)
            if level.sampler is not None:
                h = level.sampler(F.interpolate(h, scale_factor=2.0, mode="nearest"))
        return self.conv_out(F.silu(self.norm_out(h)))


class Aligning(nn.Module):
    """FaithDiff's alignment block of one image, whose attention is the map of value and output projection."""

    def __init__(self, width):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.value, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x):
        x = x + self.out(self.value(self.norm1(x)))
        h = self.up(self.norm2(x))
        return x + self.down(h * torch.sigmoid(1.702 * h))


def sinusoid(values, width):
    half = width // 2
    steps = torch.exp(-math.log(10000.0) / half * torch.arange(half, device=values.device, dtype=torch.float32))
    angles = values.float()[:, None] * steps
    return torch.cat((angles.cos(), angles.sin()), 1)


class Mid(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first, self.second = Resnet(channels, channels, 0, 1e-6), Resnet(channels, channels, 0, 1e-6)
        self.norm = nn.GroupNorm(GROUPS, channels, 1e-6)
        self.q, self.k, self.v, self.out = (nn.Linear(channels, channels) for _ in range(4))

    def forward(self, x):
        h = self.first(x)
        b, c, height, width = h.shape
        t = self.norm(h).permute(0, 2, 3, 1).reshape(b, 1, height * width, c)
        t = self.out(F.scaled_dot_product_attention(self.q(t), self.k(t), self.v(t)))
        return self.second(h + t.reshape(b, height, width, c).permute(0, 3, 1, 2))


class Encoder(nn.Module):
    """The body of the autoencoder's and of the LQ encoder."""

    def __init__(self, channels=(128, 256, 512, 512)):
        super().__init__()
        parts, width = [nn.Conv2d(3, channels[0], 3, padding=1)], channels[0]
        for i, c in enumerate(channels):
            parts += [Resnet(width, c, 0, 1e-6), Resnet(c, c, 0, 1e-6)]
            width = c
            if i < len(channels) - 1:
                parts += [nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(c, c, 3, stride=2)]
        self.body = nn.Sequential(*parts, Mid(width))

    def forward(self, x):
        return self.body(x)


class Decoder(nn.Module):
    def __init__(self, channels=(128, 256, 512, 512)):
        super().__init__()
        width = channels[-1]
        parts = [nn.Conv2d(4, 4, 1), nn.Conv2d(4, width, 3, padding=1), Mid(width)]
        for i, c in enumerate(reversed(channels)):
            for _ in range(3):
                parts.append(Resnet(width, c, 0, 1e-6))
                width = c
            if i < len(channels) - 1:
                parts += [nn.Upsample(scale_factor=2.0, mode="nearest"), nn.Conv2d(c, c, 3, padding=1)]
        self.body = nn.Sequential(*parts, nn.GroupNorm(GROUPS, width, 1e-6), nn.SiLU(), nn.Conv2d(width, 3, 3, padding=1))

    def forward(self, z):
        return self.body(z)


class Peer:
    def __init__(self, device, dtype, seconds, tiny):
        self.device, self.dtype, self.tiny = torch.device(device), dtype, tiny
        self.end = time.monotonic() + seconds
        self.failed = False

    def map(self, batch, channels, size):
        t = torch.randn(batch, channels, size, size, device=self.device, dtype=self.dtype)
        return t.contiguous(memory_format=torch.channels_last)

    def rows(self, *sizes):
        return torch.randn(*sizes, device=self.device, dtype=self.dtype)

    def module(self, make):
        with torch.device(self.device):
            torch.set_default_dtype(self.dtype)
            try:
                return make().eval().requires_grad_(False).to(memory_format=torch.channels_last)
            finally:
                torch.set_default_dtype(torch.float32)

    def synchronize(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def round(self, work, calls):
        self.synchronize()
        begin = time.perf_counter()
        for _ in range(calls):
            work()
        self.synchronize()
        return (time.perf_counter() - begin) / calls

    def time(self, name, how, work, seconds=1.0):
        """Rounds of several calls, as the device benchmarks have them."""
        if time.monotonic() > self.end:
            print(f"| {name} | {how} | | | no time was left |", flush=True)
            return
        try:
            for _ in range(2):
                self.round(work, 1)
            calls = max(1, min(200, int(0.03 / self.round(work, 1))))
            self.round(work, calls)
            rounds, end = [], time.monotonic() + seconds
            while len(rounds) < 3 or time.monotonic() < end:
                rounds.append(self.round(work, calls))
            type_name = str(self.dtype).replace("torch.", "")
            print(f"| {name} | {how} | {type_name} | {statistics.median(rounds) * 1e3:.3f} | {min(rounds) * 1e3:.3f} |", flush=True)
        except Exception as e:  # a case that PyTorch cannot run is a row, not the end
            self.failed = True
            print(f"| {name} | {how} | | | FAILS: {str(e).splitlines()[0] if str(e) else type(e).__name__} |", flush=True)

    def both(self, name, module, *inputs, seconds=1.0, compiled=True):
        self.time(name, "eager", lambda: module(*inputs), seconds)
        if compiled:
            fast = torch.compile(module)
            self.time(name, "compiled", lambda: fast(*inputs), seconds)


def blocks(peer, compiled):
    s = 8 if peer.tiny else 1
    for channels, size in ((320, 128), (640, 64), (1280, 32)):
        block = peer.module(lambda: Resnet(channels, channels))
        peer.both(f"block/resnet-{channels}-{size}x{size}", block, peer.map(2, channels, size // s), peer.rows(2, TIME), seconds=0.5, compiled=compiled)
    for channels, heads, tokens in ((640, 10, 4096), (1280, 20, 1024)):
        block = peer.module(lambda: Transformer(channels, heads))
        peer.both(f"block/transformer-{channels}-{tokens}", block, peer.rows(2, tokens // s, channels), peer.rows(2, TOKENS, TEXT), seconds=0.5, compiled=compiled)
    mid = peer.module(lambda: Mid(512))
    peer.both("block/vae-mid-512-128x128", mid, peer.map(1, 512, 128 // s), seconds=0.5, compiled=compiled)


def models(peer, compiled):
    side = 8 if peer.tiny else 128
    unet = peer.module((lambda: UNet(channels=(32, 64), heads=(1, 2), depth=(0, 1))) if peer.tiny else UNet)
    decoder = peer.module((lambda: Decoder((32, 64))) if peer.tiny else Decoder)
    latents, condition = peer.map(1, 4, side), peer.map(1, unet.width, side)
    text, pooled, sizes = peer.rows(2, TOKENS, TEXT), peer.rows(2, 1280), torch.full((2, 6), 1024.0, device=peer.device)
    timestep = torch.full((1,), 500.0, device=peer.device)

    def guided(network, x):
        negative, positive = network(x, condition, timestep, text, pooled, sizes).chunk(2)
        return negative + 5.0 * (positive - negative)

    peer.time("model/guided-step-1024", "eager", lambda: guided(unet, latents), 2)
    peer.time("model/vae-decode-1024", "eager", lambda: decoder(latents))
    encoders = [peer.module((lambda: Encoder((32, 64))) if peer.tiny else Encoder) for _ in range(2)]
    photo = peer.map(1, 3, side * (2 if peer.tiny else 8))

    def image(network, decode):
        for encoder in encoders:
            encoder(photo)
        x = latents
        for _ in range(20):
            x = x - 0.01 * guided(network, x)
        return decode(x)

    peer.time("model/image-1024-20-steps", "eager", lambda: image(unet, decoder), 2)
    if compiled:
        fast = torch.compile(unet)
        peer.time("model/guided-step-1024", "compiled", lambda: guided(fast, latents), 2)
        peer.time("model/image-1024-20-steps", "U-Net compiled", lambda: image(fast, decoder), 2)


@torch.inference_mode()
def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=140, help="no new case is begun after so many")
    parser.add_argument("--tiny", action="store_true", help="small sizes, to try the code on a CPU; the times mean nothing")
    parser.add_argument("--no-compile", action="store_true")
    a = parser.parse_args()
    torch.backends.cudnn.benchmark = True
    tiny = a.tiny or a.device == "cpu"
    peer = Peer(a.device, torch.float32 if a.device == "cpu" else torch.float16, a.seconds, tiny)
    name = torch.cuda.get_device_name() if peer.device.type == "cuda" else "CPU"
    print(f"PyTorch {torch.__version__} on {name}{', tiny sizes: the times mean nothing' if tiny else ''}\n", flush=True)
    print("| case | how | type | median ms | best ms |\n|---|---|---|---:|---:|", flush=True)
    if not tiny:
        n = 8192
        x, y = peer.rows(n, n), peer.rows(n, n)
        peer.time(f"limit/product of side {n}", "eager", lambda: x @ y)
        source, target = peer.rows(1 << 28), peer.rows(1 << 28)
        peer.time(f"limit/copy of {source.nbytes >> 20} MB", "eager", lambda: target.copy_(source))
        del x, y, source, target
    models(peer, not a.no_compile)
    blocks(peer, not a.no_compile)
    if peer.device.type == "cuda":
        print(f"Memory at the peak: {torch.cuda.max_memory_allocated() >> 20} MB.")
    sys.exit(1 if peer.failed else 0)


if __name__ == "__main__":
    main()
