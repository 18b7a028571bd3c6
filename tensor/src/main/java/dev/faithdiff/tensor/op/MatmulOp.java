package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/**
 * Batched matrix product {@code [..., M, K] x [..., K, N]} with equal leading axes; a flag says that an operand is stored
 * transposed.
 */
public record MatmulOp(boolean transposeA, boolean transposeB) implements Op {
    @Override public Shape shape(Tensor[] in) {
        requireOperands(in, 2, 2);
        Tensor a = in[0], b = in[1];
        require(a.rank() >= 2 && a.rank() == b.rank(), in, "takes two operands of one rank, at least 2");
        for (int d = 0; d < a.rank() - 2; d++) require(a.size(d) == b.size(d), in, "leading axes are equal");
        require(k(in) == b.size(transposeB ? -1 : -2), in, "inner sizes are " + k(in) + " and " + b.size(transposeB ? -1 : -2));
        return a.shape().with(-2, m(in)).with(-1, n(in));
    }

    public int m(Tensor[] in) { return in[0].size(transposeA ? -1 : -2); }

    public int k(Tensor[] in) { return in[0].size(transposeA ? -2 : -1); }

    public int n(Tensor[] in) { return in[1].size(transposeB ? -2 : -1); }

    @Override public void reference(Tensor[] in, Tensor out) {
        int m = m(in), k = k(in), n = n(in);
        for (long batch = 0; batch < out.count() / ((long) m * n); batch++) {
            long a = batch * m * k, b = batch * k * n, c = batch * m * n;
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < n; j++) {
                    double sum = 0;
                    for (int p = 0; p < k; p++) {
                        sum += (double) in[0].get(a + (transposeA ? (long) p * m + i : (long) i * k + p))
                                * in[1].get(b + (transposeB ? (long) j * k + p : (long) p * n + j));
                    }
                    out.set(c + (long) i * n + j, sum);
                }
            }
        }
    }

    @Override public Tensor[] gradient(Tensor[] in, Tensor out, Tensor grad, boolean[] wanted) {
        Tensor a = in[0], b = in[1], da = null, db = null;
        if (wanted[0]) da = transposeA ? b.matmul(grad, transposeB, true) : grad.matmul(b, false, !transposeB);
        if (wanted[1]) db = transposeB ? grad.matmul(a, true, transposeA) : a.matmul(grad, !transposeA, false);
        return new Tensor[] {da, db};
    }

    @Override public long flops(Tensor[] in) { return 2 * in[0].count() * n(in); }
}
