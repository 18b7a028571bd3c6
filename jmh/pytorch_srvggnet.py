"""Real-ESRGAN's small network (srvgg_arch.py: SRVGGNetCompact, x4) in plain PyTorch with random weights, as a peer of the benchmarks."""
import torch.nn.functional as F
from torch import nn


class SrvggNet(nn.Module):
    def __init__(self, features=64, convolutions=32, scale=4):
        super().__init__()
        self.scale = scale
        layers = []
        for i in range(convolutions + 1):
            layers += [nn.Conv2d(features if i else 3, features, 3, padding=1), nn.PReLU(features)]
        self.body = nn.Sequential(*layers, nn.Conv2d(features, 3 * scale * scale, 3, padding=1), nn.PixelShuffle(scale))

    def forward(self, x):
        return self.body(x) + F.interpolate(x, scale_factor=self.scale)
