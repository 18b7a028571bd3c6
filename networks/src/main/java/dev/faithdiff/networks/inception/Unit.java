package dev.faithdiff.networks.inception;

import dev.faithdiff.nn.Init;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;

/** A convolution, which holds the batch norm behind it, and ReLU (torchvision BasicConv2d). Its sizes are those of its tensor. */
final class Unit {
    private final Tensor weight, bias;
    private final Conv2dOp op;

    /** @param padded by zeros that keep the size, of a kernel that need not be square */
    Unit(Weights weights, NamedShapes s, String name, int stride, boolean padded) {
        Weights w = weights.at(name + ".conv");
        String key = name + ".conv.weight";
        int in = s.size(key, 1), height = s.size(key, 2), width = s.size(key, 3), down = padded ? height / 2 : 0, across = padded ? width / 2 : 0;
        int outputs = s.size(key, 0);
        weight = w.get("weight", Init.uniform(in * height * width), outputs, height, width, in);
        bias = w.get("bias", Init.uniform(in * height * width), outputs);
        op = new Conv2dOp(stride, down, down, across, across);
    }

    Tensor forward(Tensor x) {
        try (Scope s = Scope.open()) {
            return s.keep(x.conv2d(weight, bias, op).relu());
        }
    }
}
