"""Times PyTorch on the training step of the benchmark model/train-mini-unified-128: python jmh/pytorch_train_peer.py [steps]

One step of the second stage at the bundled model's sizes: four crops of 128x128, the frozen autoencoder's latents, LQ encoder,
alignment and U-Net forward and backward, clipping, AdamW; F32, all threads, drawn weights. Prints one row for each memory format: the
median step and images a second.
"""
import statistics
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

BATCH, CROP, LATENT, TEXT, TOKENS, TIME, EXTRA = 4, 128, 8, 64, 77, 256, 160
CHANNELS, HEADS, ATTENDS, GROUPS = (64, 96, 128), (2, 3, 4), (False, True, True), 16
VAE_CHANNELS, VAE_GROUPS, WIDTH, ALIGN_HEADS = (32, 64, 96), 8, 128, 8


class Resnet(nn.Module):
    def __init__(self, inside, outside, groups, time=0):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(groups, inside), nn.Conv2d(inside, outside, 3, padding=1)
        self.time = nn.Linear(time, outside) if time else None
        self.norm2, self.conv2 = nn.GroupNorm(groups, outside), nn.Conv2d(outside, outside, 3, padding=1)
        self.shortcut = nn.Conv2d(inside, outside, 1) if inside != outside else nn.Identity()

    def forward(self, x, temb=None):
        h = self.conv1(F.silu(self.norm1(x)))
        if self.time is not None:
            h = h + self.time(temb)[:, :, None, None]
        return self.shortcut(x) + self.conv2(F.silu(self.norm2(h)))


class Encoder(nn.Module):
    """The body of the autoencoder's encoder, which is also the LQ encoder."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, VAE_CHANNELS[0], 3, padding=1)
        layers, width = [], VAE_CHANNELS[0]
        for i, channels in enumerate(VAE_CHANNELS):
            layers.append(Resnet(width, channels, VAE_GROUPS))
            width = channels
            if i + 1 < len(VAE_CHANNELS):
                layers += [nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(width, width, 3, stride=2)]
        layers += [Resnet(width, width, VAE_GROUPS), Resnet(width, width, VAE_GROUPS)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(self.first(x))


class Attention(nn.Module):
    def __init__(self, width, context, heads):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v = (nn.Linear(n, width, bias=False) for n in (width, context, context))
        self.out = nn.Linear(width, width)

    def forward(self, x, context):
        q, k, v = (t.unflatten(2, (self.heads, -1)).transpose(1, 2) for t in (self.q(x), self.k(context), self.v(context)))
        return self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class Transformer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm, self.inside, self.outside = nn.GroupNorm(GROUPS, width), nn.Linear(width, width), nn.Linear(width, width)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.own, self.text = Attention(width, width, heads), Attention(width, TEXT, heads)
        self.gate, self.down = nn.Linear(width, 8 * width), nn.Linear(4 * width, width)

    def forward(self, x, text):
        b, c, h, w = x.shape
        t = self.inside(self.norm(x).permute(0, 2, 3, 1).reshape(b, h * w, c))
        n = self.norm1(t)
        t = t + self.own(n, n)
        t = t + self.text(self.norm2(t), text)
        value, gate = self.gate(self.norm3(t)).chunk(2, dim=-1)
        t = t + self.down(value * F.gelu(gate))
        return x + self.outside(t).reshape(b, h, w, c).permute(0, 3, 1, 2)


class AlignmentBlock(nn.Module):
    """Attention across the images of the batch at each pixel, as released."""

    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention = nn.MultiheadAttention(WIDTH, ALIGN_HEADS)
        self.up, self.down = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)

    def forward(self, x):
        n = self.norm1(x)
        x = x + self.attention(n, n, n, need_weights=False)[0]
        h = self.up(self.norm2(x))
        return x + self.down(h * torch.sigmoid(1.702 * h))


class Level(nn.Module):
    """Resnets with their transformers, and the convolution between levels."""

    def __init__(self, i, widths, sampler):
        super().__init__()
        self.resnets = nn.ModuleList(Resnet(w, CHANNELS[i], GROUPS, TIME) for w in widths)
        self.transformers = nn.ModuleList(Transformer(CHANNELS[i], HEADS[i]) for _ in widths if ATTENDS[i])
        self.sampler = sampler

    def block(self, j, h, temb, text):
        h = self.resnets[j](h, temb)
        return self.transformers[j](h, text) if self.transformers else h


class Network(nn.Module):
    """LQ encoder, alignment and U-Net."""

    def __init__(self):
        super().__init__()
        c, last = CHANNELS, len(CHANNELS) - 1
        self.encoder = Encoder()
        self.condition = nn.Sequential(nn.GroupNorm(VAE_GROUPS, VAE_CHANNELS[-1]), nn.Conv2d(VAE_CHANNELS[-1], VAE_CHANNELS[-1], 3, padding=1),
                                       nn.SiLU(), nn.Conv2d(VAE_CHANNELS[-1], c[0], 3, padding=1))
        self.align = nn.Sequential(AlignmentBlock(), AlignmentBlock(), nn.Linear(WIDTH, c[0]))
        self.first = nn.Conv2d(LATENT, c[0], 3, padding=1)
        self.time = nn.Sequential(nn.Linear(c[0], TIME), nn.SiLU(), nn.Linear(TIME, TIME))
        self.extra = nn.Sequential(nn.Linear(EXTRA, TIME), nn.SiLU(), nn.Linear(TIME, TIME))
        skips, width, down, up = [c[0]], c[0], [], []
        for i in range(last + 1):
            down.append(Level(i, [width], nn.Conv2d(c[i], c[i], 3, stride=2, padding=1) if i < last else None))
            width = c[i]
            skips += [width] * (2 if i < last else 1)
        self.down, self.mid = nn.ModuleList(down), Level(last, [width], None)
        self.mid_end = Resnet(width, width, GROUPS, TIME)
        for i in range(last, -1, -1):
            widths = [width + skips.pop(), c[i] + skips.pop()]
            up.append(Level(i, widths, nn.Conv2d(c[i], c[i], 3, padding=1) if i else None))
            width = c[i]
        self.up = nn.ModuleList(up)
        self.out = nn.Sequential(nn.GroupNorm(GROUPS, c[0]), nn.SiLU(), nn.Conv2d(c[0], LATENT, 3, padding=1))

    def forward(self, noisy, degraded, time, extra, text):
        h = self.first(noisy)
        b, c, y, x = h.shape
        both = torch.cat([h, self.condition(self.encoder(degraded))], 1).permute(0, 2, 3, 1).reshape(b, y * x, WIDTH)
        h = h + self.align(both).reshape(b, y, x, c).permute(0, 3, 1, 2)
        temb, skips = F.silu(self.time(time) + self.extra(extra)), [h]
        for level in self.down:
            h = level.block(0, h, temb, text)
            skips.append(h)
            if level.sampler is not None:
                h = level.sampler(h)
                skips.append(h)
        h = self.mid_end(self.mid.block(0, h, temb, text), temb)
        for level in self.up:
            for j in range(2):
                h = level.block(j, torch.cat([h, skips.pop()], 1), temb, text)
            if level.sampler is not None:
                h = level.sampler(F.interpolate(h, scale_factor=2.0))
        return self.out(h)


def main():
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    for name, memory in (("NCHW", torch.contiguous_format), ("channels last", torch.channels_last)):
        torch.manual_seed(1)
        vae = nn.Sequential(Encoder(), nn.GroupNorm(VAE_GROUPS, VAE_CHANNELS[-1]), nn.SiLU(), nn.Conv2d(VAE_CHANNELS[-1], 2 * LATENT, 3, padding=1),
                            nn.Conv2d(2 * LATENT, 2 * LATENT, 1)).to(memory_format=memory)
        network = Network().to(memory_format=memory)
        optimizer = torch.optim.AdamW(network.parameters(), lr=5e-5)
        side = CROP // 4
        clean, degraded = (torch.randn(BATCH, 3, CROP, CROP).contiguous(memory_format=memory) for _ in range(2))
        time_in, extra, text = torch.randn(BATCH, CHANNELS[0]), torch.randn(BATCH, EXTRA), torch.randn(BATCH, TOKENS, TEXT)
        print(f"{sum(p.numel() for p in network.parameters())} trained parameters", flush=True)

        def step():
            with torch.no_grad():
                mean, log_variance = vae(clean).chunk(2, dim=1)
                latents = mean + torch.exp(0.5 * log_variance.clamp(-30, 20)) * torch.randn(BATCH, LATENT, side, side)
                noise = torch.randn(BATCH, LATENT, side, side)
                noisy = (0.8 * latents + 0.6 * noise).contiguous(memory_format=memory)
            optimizer.zero_grad()
            F.l1_loss(network(noisy, degraded, time_in, extra, text), noise).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1)
            optimizer.step()

        for _ in range(3):
            step()
        seconds, cpu = [], []
        for _ in range(steps):
            start, used = time.perf_counter(), time.process_time()
            step()
            seconds.append(time.perf_counter() - start)
            cpu.append(time.process_time() - used)
        median = statistics.median(seconds)
        print(f"| model/train-mini-unified-128 | PyTorch {torch.__version__} {name} | {median * 1e3:.0f} ms ({statistics.median(cpu) * 1e3:.0f} ms of processors) "
              f"| {BATCH / median:.2f} images/s |", flush=True)


if __name__ == "__main__":
    main()
