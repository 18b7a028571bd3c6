package dev.faithdiff.networks.align;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.MatmulOp;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class AlignmentBlockTest {
    private static final int WIDTH = 640;

    /**
     * Of two equal images attention takes the mean of equal values, so that both projections run one after the other; one image takes them
     * as one matrix. At the released width the two differ by no more than the order of a sum of {@code WIDTH} floats allows.
     */
    @Tag("full")
    @Test void foldedProjectionsGiveWhatTheTwoGive() {
        try (Scope _ = Scope.open()) {
            AlignConfig sizes = new AlignConfig(new int[0], 0, 0, false, false, 0, 0, 0, 0, WIDTH, 8, 1, 4, 1e-5f);
            AlignmentBlock block = new AlignmentBlock(Weights.init(1, Device.CPU), sizes);
            Tensor x = Tensor.of(Rng.cpu(2).randn(37 * WIDTH), 1, 37, WIDTH);
            Context nothing = Context.once(null);
            float[] folded = block.forward(x, nothing).toFloats(), apart = block.forward(x.concat(0, x), nothing).slice(0, 0, 1).toFloats();
            double worst = 0;
            for (int i = 0; i < folded.length; i++) worst = Math.max(worst, Math.abs(folded[i] - apart[i]));
            assertThat(worst).isPositive().isLessThan(3e-6); // of numbers up to 4.5
        }
    }

    /** The steps of an image multiply the two once, and get the same bits as without that. */
    @Test void anImageFoldsOnce() {
        try (Scope _ = Scope.open()) {
            AlignConfig sizes = new AlignConfig(new int[0], 0, 0, false, false, 0, 0, 0, 0, 64, 8, 1, 4, 1e-5f);
            AlignmentBlock block = new AlignmentBlock(Weights.init(1, Device.CPU), sizes);
            Tensor x = Tensor.of(Rng.cpu(2).randn(37 * 64), 1, 37, 64);
            Context image = new Context(null);
            int[] products = {0};
            float[][] steps = new float[2][];
            Engine.observed((op, in, out, kernel, nanos) -> products[0] += op instanceof MatmulOp ? 1 : 0, () -> {
                for (int i = 0; i < steps.length; i++) steps[i] = block.forward(x, image).toFloats();
                return null;
            });
            assertThat(products[0]).isEqualTo(1);
            assertThat(steps[1]).containsExactly(steps[0]);
            assertThat(steps[1]).containsExactly(block.forward(x, Context.once(null)).toFloats());
        }
    }
}
