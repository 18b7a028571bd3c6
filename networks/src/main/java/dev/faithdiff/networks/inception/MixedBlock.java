package dev.faithdiff.networks.inception;

import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.PoolOp;
import java.util.ArrayList;
import java.util.List;

/** Branches of convolutions side by side, and one of a pooling, whose results are concatenated (torchvision InceptionA to InceptionE). */
final class MixedBlock {
    /** The kinds of block: their branches in order, each a chain of names; what a bar parts is side by side at a chain's end. */
    enum Kind {
        A(false, "branch1x1", "branch5x5_1 branch5x5_2", "branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3"),
        B(true, "branch3x3", "branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3"),
        C(false, "branch1x1", "branch7x7_1 branch7x7_2 branch7x7_3",
                "branch7x7dbl_1 branch7x7dbl_2 branch7x7dbl_3 branch7x7dbl_4 branch7x7dbl_5"),
        D(true, "branch3x3_1 branch3x3_2", "branch7x7x3_1 branch7x7x3_2 branch7x7x3_3 branch7x7x3_4"),
        E(false, "branch1x1", "branch3x3_1 branch3x3_2a|branch3x3_2b", "branch3x3dbl_1 branch3x3dbl_2 branch3x3dbl_3a|branch3x3dbl_3b");

        final boolean shrinks;
        final String[] branches;

        Kind(boolean shrinks, String... branches) {
            this.shrinks = shrinks;
            this.branches = branches;
        }
    }

    private static final PoolOp SHRINK = new PoolOp(PoolOp.Kind.MAX, 3, 2, 0);

    private final List<List<List<Unit>>> branches = new ArrayList<>();
    private final PoolOp pool;
    private final Unit pooled;

    /** @param pooling of a block that keeps the size */
    MixedBlock(Weights w, NamedShapes s, String name, Kind kind, PoolOp.Kind pooling) {
        for (String branch : kind.branches) {
            List<List<Unit>> chain = new ArrayList<>();
            String[] links = branch.split(" ");
            for (int i = 0; i < links.length; i++) {
                boolean last = kind.shrinks && i == links.length - 1;
                List<Unit> beside = new ArrayList<>();
                for (String unit : links[i].split("\\|")) beside.add(new Unit(w, s, name + "." + unit, last ? 2 : 1, !last));
                chain.add(beside);
            }
            branches.add(chain);
        }
        pool = kind.shrinks ? SHRINK : new PoolOp(pooling, 3, 1, 1);
        pooled = kind.shrinks ? null : new Unit(w, s, name + ".branch_pool", 1, true);
    }

    Tensor forward(Tensor x) {
        try (Scope s = Scope.open()) {
            List<Tensor> results = new ArrayList<>();
            for (List<List<Unit>> chain : branches) results.add(forward(chain, x));
            Tensor p = x.pool(pool);
            results.add(pooled == null ? p : pooled.forward(p));
            return s.keep(together(results));
        }
    }

    private static Tensor forward(List<List<Unit>> chain, Tensor x) {
        try (Scope s = Scope.open()) {
            Tensor h = x;
            for (List<Unit> beside : chain) {
                Tensor from = h;
                h = s.replace(h, together(beside.stream().map(u -> u.forward(from)).toList()));
            }
            return s.keep(h);
        }
    }

    private static Tensor together(List<Tensor> maps) {
        return maps.size() == 1 ? maps.getFirst() : maps.getFirst().concat(3, maps.subList(1, maps.size()).toArray(Tensor[]::new));
    }
}
