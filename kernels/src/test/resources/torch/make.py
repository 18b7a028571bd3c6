"""Writes ops.json: what PyTorch makes of the ops that TorchOpsTest checks. Needs PyTorch only: python make.py

Images are stored as [B, H, W, C] and convolution weights as [O, kh, kw, I], as the engine has them; sequences as they are.
"""
import json
import math
from pathlib import Path

import torch
import torch.nn.functional as F

torch.manual_seed(1)
CASES = []


def stored(t, image):
    t = t.detach()
    if image:
        t = t.permute(0, 2, 3, 1)
    return {"shape": list(t.shape), "values": [float(f"{v:.7g}") for v in t.float().flatten().tolist()]}


def case(name, op, params, inputs, function, images=True):
    """Inputs by name, computed with in double precision; gradients are those of the sum of out times grad."""
    leaves = {k: v.double().requires_grad_() for k, v in inputs.items()}
    out = function(*leaves.values())
    grad = torch.randn(out.shape).float()
    out.backward(grad.double())
    image = lambda t: images and t.dim() == 4
    CASES.append({"name": name, "op": op, "params": params,
                  "in": {k: stored(v, image(v)) for k, v in leaves.items()},
                  "grad": {k: stored(v.grad, image(v)) for k, v in leaves.items()},
                  "out": stored(out, image(out)), "outGrad": stored(grad, image(out))})


def images(*shape):
    return {"x": torch.randn(*shape)}


def resize(name, kind, antialias, x, size=None, factor=None):
    mode = {"NEAREST": "nearest", "BILINEAR": "bilinear", "BICUBIC": "bicubic"}[kind]
    corners = {} if kind == "NEAREST" else {"align_corners": False, "antialias": antialias}
    run = lambda t: F.interpolate(t, size=size, scale_factor=factor, mode=mode, **corners)
    height, width = run(x["x"]).shape[2:]
    case(name, "resize", {"kind": kind, "antialias": antialias, "height": height, "width": width, "factor": factor or 0}, x, run)


for kind in ("BILINEAR", "BICUBIC"):
    for antialias in (False, True):
        tail = kind.lower() + ("-antialias" if antialias else "")
        resize("up-" + tail, kind, antialias, images(1, 2, 5, 4), size=(8, 11))
        resize("down-" + tail, kind, antialias, images(1, 1, 13, 9), size=(4, 5))
        resize("factor-" + tail, kind, antialias, images(1, 1, 6, 7), factor=1.37)
        resize("small-" + tail, kind, antialias, images(1, 1, 2, 1), size=(5, 3))
resize("nearest", "NEAREST", False, images(1, 2, 3, 5), size=(7, 4))


def pool(name, kind, size, stride, padding, x, function):
    case(name, "pool", {"kind": kind, "size": size, "stride": stride, "padding": padding}, x, function)


def dists(t):
    """L2pooling of DISTS (Ding et al.): filter_size 5, stride 2."""
    a = torch.hann_window(5, periodic=False, dtype=torch.float64)[1:-1]
    g = a[:, None] * a[None, :]
    g = (g / g.sum())[None, None].repeat(t.shape[1], 1, 1, 1)
    return (F.conv2d(t ** 2, g, stride=2, padding=1, groups=t.shape[1]) + 1e-12).sqrt()


pool("max-2", "MAX", 2, 2, 0, images(1, 2, 5, 6), lambda t: F.max_pool2d(t, 2, 2))
pool("max-3", "MAX", 3, 2, 1, images(1, 2, 6, 5), lambda t: F.max_pool2d(t, 3, 2, 1))
pool("mean-3", "MEAN", 3, 1, 1, images(1, 2, 4, 5), lambda t: F.avg_pool2d(t, 3, 1, 1, count_include_pad=False))
pool("dists", "L2", 3, 2, 1, images(1, 2, 7, 6), dists)

case("rms-norm", "rmsNorm", {"eps": 1e-6}, {"x": torch.randn(3, 7), "weight": torch.randn(7)},
     lambda x, w: x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-6) * w)
for name in ("tanh", "log", "relu", "geluTanh"):
    function = {"tanh": torch.tanh, "log": torch.log, "relu": F.relu, "geluTanh": lambda t: F.gelu(t, approximate="tanh")}[name]
    x = torch.randn(40) * 3
    case(name, "unary", {}, {"x": x.abs() + 0.1 if name == "log" else x}, function)
case("pixel-shuffle", "pixelShuffle", {"r": 2}, images(2, 12, 2, 3), lambda t: F.pixel_shuffle(t, 2))
case("pixel-unshuffle", "pixelUnshuffle", {"r": 3}, images(1, 2, 6, 3), lambda t: F.pixel_unshuffle(t, 3))


def conv(name, groups, stride, padding, x, w):
    case(name, "conv2d", {"groups": groups, "stride": stride, "padding": padding}, {"x": torch.randn(*x), "weight": torch.randn(*w), "bias": torch.randn(w[0])},
         lambda t, k, b: F.conv2d(t, k, b, stride, padding, 1, groups))


conv("depthwise", 6, 1, 1, (1, 6, 5, 4), (6, 1, 3, 3))
conv("groups", 2, 2, 1, (1, 4, 5, 6), (6, 2, 3, 3))


def attention(name, heads, key_heads, queries, keys, d, causal=False, offset=0, bias=None):
    tensors = {"q": torch.randn(2, queries, heads * d), "k": torch.randn(2, keys, key_heads * d), "v": torch.randn(2, keys, key_heads * d)}
    if bias:
        tensors["bias"] = torch.randn(*bias)
    mask = torch.zeros(queries, keys).double()
    if causal:
        mask = mask.masked_fill(torch.arange(keys)[None] > torch.arange(queries)[:, None] + offset, -math.inf)

    def run(q, k, v, b=0):
        split = lambda t, n: t.unflatten(2, (n, d)).transpose(1, 2)
        y = F.scaled_dot_product_attention(split(q, heads), split(k, key_heads), split(v, key_heads), attn_mask=mask + b, enable_gqa=True)
        return y.transpose(1, 2).flatten(2)

    case(name, "attention", {"heads": heads, "keyHeads": key_heads, "causal": causal, "offset": offset}, tensors, run, images=False)


attention("attention-bias", 2, 2, 5, 4, 3, bias=(1, 2, 5, 4))
attention("attention-bias-keys", 2, 2, 3, 6, 4, bias=(2, 1, 1, 6))
attention("attention-offset", 2, 2, 3, 7, 4, causal=True, offset=4)
attention("attention-grouped", 4, 2, 4, 5, 3, causal=True, offset=1)

Path(__file__).with_name("ops.json").write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in CASES) + "\n]\n")
