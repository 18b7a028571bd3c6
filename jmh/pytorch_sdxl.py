"""FaithDiff's U-Net, encoder and decoder in plain PyTorch with random weights, as peers of the benchmarks: structure and cost of the published models."""
import math

import torch
import torch.nn.functional as F
from torch import nn

TEXT, POOLED, SIZES = 2048, 1280, 256


class Resnet(nn.Module):
    """``time``: width of the time embedding, which comes with SiLU applied; 0 for none."""

    def __init__(self, channels, out, time=0, eps=1e-5):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(32, channels, eps), nn.Conv2d(channels, out, 3, padding=1)
        self.time_emb_proj = nn.Linear(time, out) if time else None
        self.norm2, self.conv2 = nn.GroupNorm(32, out, eps), nn.Conv2d(out, out, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(channels, out, 1) if channels != out else nn.Identity()

    def forward(self, x, emb=None):
        h = self.conv1(F.silu(self.norm1(x)))
        if self.time_emb_proj is not None:
            h = h + self.time_emb_proj(emb)[:, :, None, None]
        return self.conv_shortcut(x) + self.conv2(F.silu(self.norm2(h)))


class Attention(nn.Module):
    def __init__(self, width, context, heads, bias=False):
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, width, bias)
        self.to_k, self.to_v = nn.Linear(context, width, bias), nn.Linear(context, width, bias)
        self.to_out = nn.Linear(width, width)

    def forward(self, x, context):
        q, k, v = (y.unflatten(-1, (self.heads, -1)).transpose(1, 2) for y in (self.to_q(x), self.to_k(context), self.to_v(context)))
        return self.to_out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class TransformerBlock(nn.Module):
    def __init__(self, width, context=TEXT):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for _ in range(3))
        self.attn1, self.attn2 = Attention(width, width, width // 64), Attention(width, context, width // 64)
        self.geglu, self.out = nn.Linear(width, 8 * width), nn.Linear(4 * width, width)

    def forward(self, x, context):
        h = self.norm1(x)
        x = x + self.attn1(h, h)
        x = x + self.attn2(self.norm2(x), context)
        value, gate = self.geglu(self.norm3(x)).chunk(2, -1)
        return x + self.out(value * F.gelu(gate))


class SpatialTransformer(nn.Module):
    def __init__(self, width, depth):
        super().__init__()
        self.norm = nn.GroupNorm(32, width, 1e-6)
        self.proj_in, self.proj_out = nn.Linear(width, width), nn.Linear(width, width)
        self.blocks = nn.ModuleList(TransformerBlock(width) for _ in range(depth))

    def forward(self, x, context):
        h = self.proj_in(self.norm(x).permute(0, 2, 3, 1).flatten(1, 2))
        for block in self.blocks:
            h = block(h, context)
        return x + self.proj_out(h).unflatten(1, x.shape[2:]).permute(0, 3, 1, 2)


class Stage(nn.Module):
    """A resnet, with a transformer after it where ``depth`` is not 0."""

    def __init__(self, channels, out, time, depth):
        super().__init__()
        self.resnet = Resnet(channels, out, time)
        self.transformer = SpatialTransformer(out, depth) if depth else None

    def forward(self, x, emb, context):
        x = self.resnet(x, emb)
        return x if self.transformer is None else self.transformer(x, context)


class UNet(nn.Module):
    """[B, 4, H, W] latents, time embedding input [B, 320], text [B, 77, 2048], sizes and pooled text [B, 2816]."""

    def __init__(self, widths=(320, 640, 1280), depths=(0, 2, 10), channels=4):
        super().__init__()
        time, extra = 4 * widths[0], POOLED + 6 * SIZES
        self.time = nn.Sequential(nn.Linear(widths[0], time), nn.SiLU(), nn.Linear(time, time))
        self.extra = nn.Sequential(nn.Linear(extra, time), nn.SiLU(), nn.Linear(time, time))
        self.conv_in = nn.Conv2d(channels, widths[0], 3, padding=1)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        skips, width = [widths[0]], widths[0]
        for i, out in enumerate(widths):
            for _ in range(2):
                self.down.append(Stage(width, out, time, depths[i]))
                skips.append(width := out)
            if i + 1 < len(widths):
                self.down.append(nn.Conv2d(out, out, 3, stride=2, padding=1))
                skips.append(out)
        self.mid_in, self.mid_out = Stage(width, width, time, depths[-1]), Resnet(width, width, time)
        for i in reversed(range(len(widths))):
            for _ in range(3):
                self.up.append(Stage(width + skips.pop(), widths[i], time, depths[i]))
                width = widths[i]
            if i:
                self.up.append(nn.Conv2d(width, width, 3, padding=1))
        self.norm_out, self.conv_out = nn.GroupNorm(32, widths[0]), nn.Conv2d(widths[0], channels, 3, padding=1)

    def forward(self, x, time, text, extra):
        return self.denoise(self.conv_in(x), time, text, extra)

    def denoise(self, h, time, text, extra):
        emb = F.silu(self.time(time) + self.extra(extra))
        skips = [h]
        for layer in self.down:
            h = layer(h, emb, text) if isinstance(layer, Stage) else layer(h)
            skips.append(h)
        h = self.mid_out(self.mid_in(h, emb, text), emb)
        for layer in self.up:
            h = layer(torch.cat([h, skips.pop()], 1), emb, text) if isinstance(layer, Stage) else layer(F.interpolate(h, scale_factor=2.0))
        return self.conv_out(F.silu(self.norm_out(h)))


class AlignmentBlock(nn.Module):
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


class AlignedUNet(nn.Module):
    """The U-Net whose first features FaithDiff aligns with the condition [1, 320, H, W], once for all rows of text."""

    def __init__(self, **kind):
        super().__init__()
        self.unet = UNet(**kind)
        self.width = self.unet.conv_in.out_channels
        self.align = nn.Sequential(*(AlignmentBlock(2 * self.width) for _ in range(2)), nn.Linear(2 * self.width, self.width))

    def forward(self, latents, condition, timestep, text, pooled, sizes):
        h = self.unet.conv_in(latents)
        h = h + self.align(torch.cat((h, condition), 1).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        rows = text.shape[0]
        h = h.expand(rows, -1, -1, -1).contiguous(memory_format=torch.channels_last)
        time = sinusoid(timestep.expand(rows), self.width).to(h.dtype)
        extra = torch.cat((pooled, sinusoid(sizes.flatten(), SIZES).reshape(rows, -1).to(h.dtype)), 1)
        return self.unet.denoise(h, time, text, extra)


def sinusoid(values, width):
    half = width // 2
    steps = torch.exp(-math.log(10000.0) / half * torch.arange(half, device=values.device, dtype=torch.float32))
    angles = values.float()[:, None] * steps
    return torch.cat((angles.cos(), angles.sin()), 1)


class Mid(nn.Module):
    """The middle of the VAE's encoder and decoder."""

    def __init__(self, width):
        super().__init__()
        self.first, self.second = Resnet(width, width, eps=1e-6), Resnet(width, width, eps=1e-6)
        self.norm, self.attention = nn.GroupNorm(32, width, 1e-6), Attention(width, width, 1, bias=True)

    def forward(self, x):
        h = self.first(x)
        tokens = self.norm(h).permute(0, 2, 3, 1).flatten(1, 2)
        return self.second(h + self.attention(tokens, tokens).unflatten(1, h.shape[2:]).permute(0, 3, 1, 2))


class Encoder(nn.Module):
    """The body of the VAE's encoder and of the LQ encoder: [B, 3, 8H, 8W] to [B, 512, H, W]."""

    def __init__(self, widths=(128, 256, 512, 512)):
        super().__init__()
        layers, width = [nn.Conv2d(3, widths[0], 3, padding=1)], widths[0]
        for i, out in enumerate(widths):
            layers += [Resnet(width, out, eps=1e-6), Resnet(out, out, eps=1e-6)]
            width = out
            if i + 1 < len(widths):
                layers += [nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(out, out, 3, stride=2)]
        self.layers = nn.Sequential(*layers, Mid(width))

    def forward(self, x):
        return self.layers(x)


class Decoder(nn.Module):
    """The VAE's decoder: [B, 4, H, W] latents to [B, 3, 8H, 8W]."""

    def __init__(self, widths=(128, 256, 512, 512), channels=4):
        super().__init__()
        width = widths[-1]
        layers = [nn.Conv2d(channels, channels, 1), nn.Conv2d(channels, width, 3, padding=1), Mid(width)]
        for i in reversed(range(len(widths))):
            for _ in range(3):
                layers.append(Resnet(width, width := widths[i], eps=1e-6))
            if i:
                layers += [nn.Upsample(scale_factor=2.0), nn.Conv2d(width, width, 3, padding=1)]
        self.layers = nn.Sequential(*layers, nn.GroupNorm(32, width, 1e-6), nn.SiLU(), nn.Conv2d(width, 3, 3, padding=1))

    def forward(self, z):
        return self.layers(z)


def unet_inputs(batch, size, **kind):
    return tuple(torch.randn(*shape, **kind) for shape in ((batch, 4, size, size), (batch, 320), (batch, 77, 2048), (batch, 2816)))
