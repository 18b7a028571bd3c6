package dev.faithdiff.kernels.cuda.op;

import dev.faithdiff.kernels.cuda.Cublas;
import dev.faithdiff.kernels.cuda.Cublas.Matrices;
import dev.faithdiff.kernels.cuda.CudaKernel;
import dev.faithdiff.kernels.cuda.Grid;
import dev.faithdiff.kernels.cuda.Launch;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;

/**
 * How attention is divided into batched matrix products. Heads lie side by side in the rows of q, k, v and the result, so a head's matrix has the
 * head's width as columns and the whole row as its stride. One call multiplies as many heads as fit: of those that share their keys or, where no
 * heads share keys, of all.
 *
 * @param heads   number of heads of one call
 * @param queries number of queries of one call
 */
record AttentionScores(AttentionOp op, int batch, int allQueries, int keys, int d, int e, int heads, int queries) {
    private static final long MOST_SCORES = 1L << 26; // 256 MB in F32

    /** @param in q, k and v @param split whether queries, and heads that share their keys, may be divided among calls */
    static AttentionScores of(AttentionOp op, Tensor[] in, boolean split) {
        int queries = in[0].size(1), keys = in[1].size(1);
        int heads = !split && op.group() > 1 ? op.group() : Math.clamp(MOST_SCORES / ((long) queries * keys), 1, span(op));
        int rows = split ? Math.clamp(MOST_SCORES / keys, 1, queries) : queries;
        return new AttentionScores(op, in[0].size(0), queries, keys, in[0].size(2) / op.heads(), in[2].size(2) / op.keyHeads(), heads, rows);
    }

    /** The most heads of one call. */
    private static int span(AttentionOp op) { return op.group() == 1 ? op.heads() : op.group(); }

    static String refuses(Tensor[] in) {
        for (Tensor t : in) if (t.dtype() != in[0].dtype()) return "takes operands of one type";
        if (!Cublas.takes(in[0].dtype())) return "computes in F32, F16 and BF16";
        return in[1].size(1) == 0 || in[0].count() == 0 ? "there is nothing to multiply" : null;
    }

    /** One call's part of the work: {@code heads} heads of a sample from {@code head} on, {@code queries} queries from {@code first} on. */
    interface Part {
        void at(int sample, int head, int heads, int first, int queries);
    }

    void each(Part part) {
        for (int b = 0; b < batch; b++) {
            for (int h = 0, count; h < op.heads(); h += count) {
                count = Math.min(heads, span(op) - h % span(op));
                for (int t = 0; t < allQueries; t += queries) part.at(b, h, count, t, Math.min(queries, allQueries - t));
            }
        }
    }

    /** The matrices of the heads from {@code head} on in a tensor {@code [B, rows, heads*width]}, from row {@code first} on. */
    Matrices of(Tensor t, int sample, int head, int first, boolean transposed) {
        int row = t.size(2), width = row / op.heads();
        long at = ((long) sample * t.size(1) + first) * row + (long) head * width;
        return new Matrices(t.address() + at * t.dtype().bytes(), t.dtype(), transposed, row, width);
    }

    /** The matrices of keys or values of the heads from {@code head} on; heads that share keys have the same matrix. */
    Matrices ofKeys(Tensor t, int sample, int head, boolean transposed) {
        int row = t.size(2), width = row / op.keyHeads();
        long at = (long) sample * t.size(1) * row + (long) (head / op.group()) * width;
        return new Matrices(t.address() + at * t.dtype().bytes(), t.dtype(), transposed, row, op.group() == 1 ? width : 0);
    }

    /** Turns a part's scores into probabilities. @param kernel one with the source attention_scores.cu @param bias may be null */
    void softmax(CudaKernel<?> kernel, Tensor scores, Tensor p, Tensor bias, int sample, int head, int heads, int first, int queries) {
        Launch launch = kernel.launch(bias == null ? new Tensor[] {p} : new Tensor[] {p, bias}, p, "scores_softmax");
        launch.grid((long) heads * queries).block(block(p.dtype())).arg(scores).arg(p).arg(keys).arg(queries).arg(first)
                .arg(op.causal() ? 1 : 0).arg(op.offset()).arg((float) (1 / Math.sqrt(d)));
        if (bias != null) {
            long[] steps = AttentionPlainCuda.steps(bias);
            launch.arg(bias.address() + (sample * steps[0] + head * steps[1]) * bias.dtype().bytes()).arg(steps[1]).arg(steps[2]);
        }
        launch.run();
    }

    /** Scores or probabilities of one part, dense. */
    Matrices of(Tensor scores, int queries, boolean transposed) {
        return Matrices.dense(scores.address(), scores.dtype(), transposed, queries, keys);
    }

    /** An uninitialized tensor for the scores of one part. */
    Tensor room(Tensor like, DType dtype) { return Tensor.empty(like.device(), dtype, Shape.of(heads, queries, keys)); }

    /** Threads for a row of scores. */
    int block(DType dtype) { return (int) Math.min(256, 32 * Grid.ceil(Grid.runs(keys, dtype), 32)); }
}
