package dev.faithdiff.kernels.cpu.attention;

import static dev.faithdiff.kernels.cpu.Vec.LANES;
import static dev.faithdiff.kernels.cpu.gemm.Panels.SUMS;
import static dev.faithdiff.kernels.cpu.gemm.Panels.WIDTH;

import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.cpu.Workspace;
import dev.faithdiff.kernels.cpu.gemm.Factors;
import dev.faithdiff.kernels.cpu.gemm.PackB;
import dev.faithdiff.kernels.cpu.gemm.PackedB;
import dev.faithdiff.kernels.cpu.gemm.Panels;
import dev.faithdiff.kernels.cpu.gemm.Rows;

/**
 * All heads of an operand, packed as right operands of {@link Panels}: either panels of tokens, {@code [width][WIDTH]} each, for scores, or panels of
 * components, {@code [tokens][WIDTH]} each, for weighted sums of tokens.
 *
 * @param factors the form of the numbers
 * @param panels number of panels of a head
 * @param depth  rows of a panel
 */
record PackedHeads(Factors factors, AttentionHeads heads, int panels, int depth, Workspace memory) implements AutoCloseable {
    /** Tokens of a step: whole panels of every width. */
    static final int STEP = 192;
    /** Floats of scores of a block of rows. */
    static final int SCORES = STEP / WIDTH * SUMS;

    static PackedHeads ofTokens(Factors f, AttentionHeads heads) { return pack(f, heads, true); }

    static PackedHeads ofComponents(Factors f, AttentionHeads heads) { return pack(f, heads, false); }

    private static PackedHeads pack(Factors f, AttentionHeads heads, boolean ofTokens) {
        int columns = ofTokens ? heads.tokens() : heads.width();
        int k = ofTokens ? heads.width() : heads.tokens(), depth = f.depth(k);
        int panels = PackedB.panels(columns);
        PackedHeads packed = new PackedHeads(f, heads, panels, depth, Workspace.of((long) heads.count() * panels * depth * WIDTH));
        Parallel.run(heads.count() * panels, i -> {
            int head = i / panels;
            int panel = i % panels;
            int column = panel * WIDTH;
            int count = Math.min(WIDTH, columns - column);
            if (ofTokens) PackB.transpose(f.rows(Rows.of(heads.matrix(head)), k), column, count, depth, packed.at(head, panel, 0));
            else PackB.copy(f, heads.matrix(head), column, count, packed.at(head, panel, 0));
        });
        return packed;
    }

    private long at(int head, int panel, int row) { return memory.at((((long) head * panels + panel) * depth + row) * WIDTH); }

    /** Index of vector {@code i} of a row in the results of {@link #scores} and {@link #sums}. */
    static int vector(int row, int i) { return i / 2 * SUMS + row * WIDTH + i % 2 * LANES; }

    /** {@code to[panel][row][WIDTH]} = products of rows a with tokens from..from+count, panels {@link Panels#SUMS} apart. WIDTH divides from. */
    void scores(int head, int rows, float[] a, int from, int count, float[] to) {
        for (int p = 0; p * WIDTH < count; p++) Panels.multiply(factors.kernel(), rows, depth, a, at(head, from / WIDTH + p, 0), false, to, p * SUMS);
    }

    /** {@code to[panel][row][WIDTH]} = or += the sums of tokens from..from+count, weighted by the rows a; panels are of components. */
    void sums(int head, int rows, float[] a, int from, int count, boolean add, float[] to) {
        int values = factors.depth(count);
        for (int p = 0; p < panels; p++) Panels.multiply(factors.kernel(), rows, values, a, at(head, p, factors.depth(from)), add, to, p * SUMS);
    }

    @Override public void close() { memory.close(); }
}
