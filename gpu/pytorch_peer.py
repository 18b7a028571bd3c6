"""Times PyTorch on the blocks and models of the device benchmarks, under the same names: python3 pytorch_peer.py --device cuda

The models of pytorch_sdxl.py, random weights, channels-last, scaled_dot_product_attention; first eager, then torch.compile. Prints a row for
each case. No other package than PyTorch is needed.
"""
import argparse
import statistics
import sys
import time
from pathlib import Path

import torch

sys.path.append(str(Path(__file__).resolve().parent.parent / "jmh"))  # in an unpacked bundle it lies beside this file
from pytorch_sdxl import POOLED, TEXT, AlignedUNet, Decoder, Encoder, Mid, Resnet, TransformerBlock

TIME, TOKENS = 1280, 77


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

    def module_time(self, name, module, *inputs, compiled):
        run = torch.compile(module) if compiled else module
        self.time(name, "compiled" if compiled else "eager", lambda: run(*inputs), 0.5)


def blocks(peer, compiled):
    s = 8 if peer.tiny else 1
    for channels, size in ((320, 128), (640, 64), (1280, 32)):
        block = peer.module(lambda: Resnet(channels, channels, TIME))
        peer.module_time(f"block/resnet-{channels}-{size}x{size}", block, peer.map(2, channels, size // s), peer.rows(2, TIME), compiled=compiled)
    for channels, tokens in ((640, 4096), (1280, 1024)):
        block = peer.module(lambda: TransformerBlock(channels))
        peer.module_time(f"block/transformer-{channels}-{tokens}", block, peer.rows(2, tokens // s, channels), peer.rows(2, TOKENS, TEXT), compiled=compiled)
    mid = peer.module(lambda: Mid(512))
    peer.module_time("block/vae-mid-512-128x128", mid, peer.map(1, 512, 128 // s), compiled=compiled)


def models(peer, compiled):
    side = 8 if peer.tiny else 128
    unet = peer.module((lambda: AlignedUNet(widths=(64, 128), depths=(0, 1))) if peer.tiny else AlignedUNet)
    decoder = peer.module((lambda: Decoder((32, 64))) if peer.tiny else Decoder)
    latents, condition = peer.map(1, 4, side), peer.map(1, unet.width, side)
    text, pooled, sizes = peer.rows(2, TOKENS, TEXT), peer.rows(2, POOLED), torch.full((2, 6), 1024.0, device=peer.device)
    timestep = torch.full((1,), 500.0, device=peer.device)

    def guided(network, x):
        negative, positive = network(x, condition, timestep, text, pooled, sizes).chunk(2)
        return negative + 5.0 * (positive - negative)

    how, network = ("U-Net compiled", torch.compile(unet)) if compiled else ("eager", unet)
    peer.time("model/guided-step-1024", how, lambda: guided(network, latents), 2)
    if not compiled:
        peer.time("model/vae-decode-1024", how, lambda: decoder(latents))
    encoders = [peer.module((lambda: Encoder((32, 64))) if peer.tiny else Encoder) for _ in range(2)]
    photo = peer.map(1, 3, side * (2 if peer.tiny else 8))

    def image(network, decode):
        for encoder in encoders:
            encoder(photo)
        x = latents
        for _ in range(20):
            x = x - 0.01 * guided(network, x)
        return decode(x)

    peer.time("model/image-1024", how, lambda: image(network, decoder), 2)


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
    # Compiling takes minutes: after all that needs none.
    for compiled in (False,) if a.no_compile else (False, True):
        models(peer, compiled)
        blocks(peer, compiled)
    if peer.device.type == "cuda":
        print(f"Memory at the peak: {torch.cuda.max_memory_allocated() >> 20} MB.")
    sys.exit(1 if peer.failed else 0)


if __name__ == "__main__":
    main()
