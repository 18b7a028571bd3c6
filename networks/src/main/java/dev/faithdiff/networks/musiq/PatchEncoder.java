package dev.faithdiff.networks.musiq;

import dev.faithdiff.nn.GroupNorm;
import dev.faithdiff.nn.Linear;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.PoolOp;

/** The start of a ResNet-50 on each patch: {@code [n, 32, 32, 3]} to {@code [n, width]}. */
final class PatchEncoder {
    static final int PATCH = 32;
    private static final int GROUPS = 32, STRIDE = 2, SHRUNK = 4;
    private static final float ROOT_EPS = 1e-6f, EPS = 1e-4f;
    private static final PoolOp POOL = new PoolOp(PoolOp.Kind.MAX, 3, 2, 0);

    private final StdConv root, conv1, conv2, conv3, project;
    private final GroupNorm rootNorm, norm1, norm2, norm3, projectNorm;
    private final Linear embedding;

    PatchEncoder(Weights w, NamedShapes s, int width) {
        int n = s.size("conv_root.weight", 0), out = s.size("block1.conv3.weight", 0);
        root = new StdConv(w.at("conv_root"), 3, n, 7, STRIDE);
        rootNorm = new GroupNorm(w.at("gn_root"), n, GROUPS, ROOT_EPS);
        Weights b = w.at("block1");
        conv1 = new StdConv(b.at("conv1"), n, n, 1, 1);
        norm1 = new GroupNorm(b.at("gn1"), n, GROUPS, EPS);
        conv2 = new StdConv(b.at("conv2"), n, n, 3, 1);
        norm2 = new GroupNorm(b.at("gn2"), n, GROUPS, EPS);
        conv3 = new StdConv(b.at("conv3"), n, out, 1, 1);
        norm3 = new GroupNorm(b.at("gn3"), out, GROUPS, EPS);
        project = new StdConv(b.at("conv_proj"), n, out, 1, 1);
        projectNorm = new GroupNorm(b.at("gn_proj"), out, GROUPS, EPS);
        embedding = new Linear(w.at("embedding"), PATCH / SHRUNK * (PATCH / SHRUNK) * out, width);
    }

    Tensor forward(Tensor patches) {
        try (Scope s = Scope.open()) {
            Tensor h = root.forward(patches);                                         // [n, 16, 16, 64]
            h = s.replace(h, rootNorm.forward(h));
            h = s.replace(h, h.relu());
            h = s.replace(h, h.pad(0, 1, 0, 1));
            h = s.replace(h, h.pool(POOL));                                           // [n, 8, 8, 64]
            Tensor kept = projectNorm.forward(project.forward(h));                    // [n, 8, 8, 256]
            h = s.replace(h, norm1.forward(conv1.forward(h)).relu());
            h = s.replace(h, norm2.forward(conv2.forward(h)).relu());
            h = s.replace(h, norm3.forward(conv3.forward(h)));
            h = s.replace(h, h.add(kept));
            h = s.replace(h, h.relu());
            return s.keep(embedding.forward(h.reshape(h.size(0), -1)));               // [n, width]
        }
    }
}
