"""Real-ESRGAN's x4 network (BasicSR rrdbnet_arch.py) in plain PyTorch with random weights, as a peer of the benchmarks."""
import torch
import torch.nn.functional as F
from torch import nn


def conv(channels, out):
    return nn.Conv2d(channels, out, 3, padding=1)


class DenseBlock(nn.Module):
    def __init__(self, features, growth):
        super().__init__()
        self.growing = nn.ModuleList(conv(features + i * growth, growth) for i in range(4))
        self.last = conv(features + 4 * growth, features)

    def forward(self, x):
        seen = [x]
        for layer in self.growing:
            seen.append(F.leaky_relu_(layer(torch.cat(seen, 1)), 0.2))
        return x + self.last(torch.cat(seen, 1)) * 0.2


class RrdbNet(nn.Module):
    def __init__(self, features=64, growth=32, blocks=23):
        super().__init__()
        self.first, self.last = conv(3, features), conv(features, 3)
        self.body = nn.ModuleList(nn.Sequential(*(DenseBlock(features, growth) for _ in range(3))) for _ in range(blocks))
        self.conv_body, self.up1, self.up2, self.hr = (conv(features, features) for _ in range(4))

    def forward(self, x):
        h = first = self.first(x)
        for block in self.body:
            h = h + block(h) * 0.2
        h = first + self.conv_body(h)
        for layer in (self.up1, self.up2):
            h = F.leaky_relu_(layer(F.interpolate(h, scale_factor=2)), 0.2)
        return self.last(F.leaky_relu_(self.hr(h), 0.2))
