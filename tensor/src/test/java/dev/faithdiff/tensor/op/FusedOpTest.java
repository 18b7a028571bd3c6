package dev.faithdiff.tensor.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FusedOpTest {
    private Scope scope;
    private Tensor x, w, addend, bias;

    @BeforeEach void open() {
        scope = Scope.open();
        x = Tensor.of(new float[] {1, 2, 3, 4}, 2, 2);
        w = Tensor.of(new float[] {1, 0, 1, 1}, 2, 2);
        addend = Tensor.of(new float[] {10, 20, 30, 40}, 2, 2);
        bias = Tensor.of(new float[] {0.5f, 0.25f}, 2);
    }

    @AfterEach void close() { scope.close(); }

    private static List<String> seen(Supplier<Tensor> work) {
        List<String> seen = new ArrayList<>();
        Engine.observed((op, in, out, kernel, nanos) -> seen.add(op.name()), work);
        return seen;
    }

    @Test void runsAsItsPartsWithoutAKernel() {
        assertThat(seen(() -> x.linearAdd(w, bias, addend))).containsExactly("LinearOp", "BinaryOp");
        assertThat(x.linearAdd(w, bias, addend).toFloats()).containsExactly(11.5f, 23.25f, 33.5f, 47.25f);
        assertThat(x.linearAdd(w, null, addend).toFloats()).containsExactly(11, 23, 33, 47);
        assertThat(addend.toFloats()).as("operands stay").containsExactly(10, 20, 30, 40);
    }

    @Test void addsInTheMemoryOfTheProduct() {
        List<Long> written = new ArrayList<>();
        Tensor y = Engine.observed((op, in, out, kernel, nanos) -> written.add(out.address()), () -> x.linearAdd(w, bias, addend));
        assertThat(written).containsExactly(y.address(), y.address());
    }

    @Test void aTapeRecordsTheParts() {
        for (boolean recompute : new boolean[] {false, true}) {
            try (Tape tape = Tape.watch(List.of(w, addend), recompute)) {
                Tensor y = Tape.recompute(() -> x.linearAdd(w, bias, addend));
                Map<Tensor, Tensor> gradients = tape.gradients(y, x);
                assertThat(gradients.get(addend).toFloats()).containsExactly(1, 2, 3, 4);
                assertThat(gradients.get(w).toFloats()).containsExactly(10, 14, 14, 20);
            }
        }
    }

    @Test void updatesATarget() {
        Tensor target = Tensor.of(new float[4], 2, 2);
        Engine.update(new LinearAddOp(), target, x, w, addend);
        assertThat(target.toFloats()).containsExactly(11, 23, 33, 47);
        Engine.update(new LinearAddOp(), x, x, w, addend);
        assertThat(x.toFloats()).as("its own operand").containsExactly(11, 23, 33, 47);
    }

    /** 1 + 2^-11 is no number of F16: rounded in between, the sum would be 1. */
    @Test void theReferenceRoundsOnce() {
        Tensor one = Tensor.of(new float[] {1, 0x1p-11f}, 1, 2).to(DType.F16), ones = Tensor.of(new float[] {1, 1}, 1, 2).to(DType.F16);
        Tensor more = Tensor.of(new float[] {0x1p-11f}, 1, 1).to(DType.F16), y = Tensor.of(new float[1], 1, 1).to(DType.F16);
        new LinearAddOp().reference(new Tensor[] {one, ones, more}, y);
        assertThat(y.get(0)).isEqualTo(1 + 0x1p-10f);
        assertThat(one.linearAdd(ones, null, more).get(0)).as("the composition").isEqualTo(1);
    }

    @Test void errorsSayTheRule() {
        assertThatThrownBy(() -> x.linearAdd(w, null, bias)).isInstanceOf(OpError.class)
                .hasMessage("LinearAddOp on F32[2, 2], F32[2, 2], F32[2]: the addend has the result's shape [2, 2]");
        Tensor image = Tensor.of(new float[4], 2, 1, 1, 2), kernel = Tensor.of(new float[2], 1, 1, 1, 2), one = Tensor.of(new float[1], 1, 1, 1, 1);
        assertThatThrownBy(() -> image.conv2dAdd(kernel, null, one, new Conv2dOp(1, 0, 0, 0, 0))).isInstanceOf(OpError.class)
                .hasMessageStartingWith("Conv2dAddOp on ").hasMessageEndingWith("the addend has the result's shape [2, 1, 1, 1] or is [2, 1, 1, 1]");
        assertThatThrownBy(() -> x.linearGeglu(Tensor.of(new float[6], 3, 2), null)).isInstanceOf(OpError.class)
                .hasMessageEndingWith("takes a weight of an even number of rows");
        assertThatThrownBy(() -> x.reshape(1, 2, 2).selfAttention(w, w, w, 3)).isInstanceOf(OpError.class)
                .hasMessageEndingWith("width must divide into 3 heads");
    }
}
