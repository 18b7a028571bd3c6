package dev.faithdiff.tensor.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EngineTest {
    private Scope scope;

    @BeforeEach void open() { scope = Scope.open(); }

    @AfterEach void close() { scope.close(); }

    private static Tensor empty(DType dtype, int... sizes) { return Tensor.empty(Device.CPU, dtype, Shape.of(sizes)); }

    @Test void errorsSayOpOperandsAndRule() {
        Tensor x = empty(DType.F16, 2, 77, 768).named("x"), w = empty(DType.F16, 640, 2048).named("to_k.weight");
        assertThatThrownBy(() -> x.linear(w, null)).isInstanceOf(OpError.class)
                .hasMessage("LinearOp on x F16[2, 77, 768], to_k.weight F16[640, 2048]: x ends in 768, weight takes 2048");
        assertThatThrownBy(() -> empty(DType.F32, 1, 4, 4, 3).conv2d(empty(DType.F32, 8, 3, 3, 4), null, 1, 1)).isInstanceOf(OpError.class)
                .hasMessage("Conv2dOp on F32[1, 4, 4, 3], F32[8, 3, 3, 4]: x has 3 channels, weight takes 4");
        assertThatThrownBy(() -> Engine.run(new SoftmaxOp.Grad(), x)).isInstanceOf(OpError.class)
                .hasMessage("SoftmaxOp.Grad on x F16[2, 77, 768]: takes 2 operands");
    }

    @Test void updateWritesInPlaceAndIsNotRecorded() {
        Tensor w = Tensor.of(new float[] {1, 2}, 2);
        long address = w.address();
        try (Tape tape = Tape.watch(w)) {
            Engine.update(new AffineOp(10, 1), w, w);
            assertThat(w.toFloats()).containsExactly(11, 21);
            assertThat(w.address()).isEqualTo(address);
            assertThat(tape.gradients(w.mul(3), Tensor.of(new float[] {1, 1}, 2)).get(w).toFloats()).containsExactly(3, 3);
        }
    }

    @Test void updateRefusesATargetOfAnotherShapeOrType() {
        Tensor x = empty(DType.F32, 2).named("x");
        assertThatThrownBy(() -> Engine.update(new AffineOp(1, 0), empty(DType.F32, 3).named("t"), x)).isInstanceOf(OpError.class)
                .hasMessage("AffineOp on x F32[2]: does not fit the target t F32[3]");
        assertThatThrownBy(() -> Engine.update(new AffineOp(1, 0), empty(DType.F16, 2), x)).isInstanceOf(OpError.class);
    }

    @Test void checkedWorkEndsAtTheFirstValueThatIsNone() {
        Tensor x = Tensor.of(new float[] {1, 200}, 2).named("x");
        assertThat(x.exp().get(1)).as("unchecked").isInfinite();
        assertThat(Engine.checked(() -> x.mul(2).get(1))).isEqualTo(400);
        assertThatThrownBy(() -> Engine.checked(() -> x.mul(2).exp().mul(0))).isInstanceOf(OpError.class)
                .hasMessage("UnaryOp on F32[2]: the result has an infinity at element 1");
        Tensor broken = Tensor.of(new float[] {1, Float.NaN}, 2).named("conv_in.bias");
        assertThatThrownBy(() -> Engine.checked(() -> x.mul(2).add(broken)))
                .hasMessageContaining("conv_in.bias F32[2]: the result has a NaN at element 1");
    }

    @Test void anInterruptedThreadComputesNothing() {
        Tensor x = Tensor.of(new float[] {1, 2}, 2);
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> x.mul(2)).isInstanceOf(CancellationException.class).hasMessage("interrupted before AffineOp");
        assertThat(Thread.interrupted()).as("still interrupted").isTrue();
        assertThat(x.mul(2).get(1)).isEqualTo(4);
    }

    @Test void viewsShareStorageAndCopiesDoNot() {
        Tensor x = empty(DType.F32, 1, 4, 3);
        assertThat(x.slice(1, 1, 3).storage()).isSameAs(x.storage());
        assertThat(x.slice(1, 1, 3).offset()).isEqualTo(3 * 4);
        assertThat(x.slice(2, 1, 3).storage()).isNotSameAs(x.storage());
        assertThat(x.reshape(-1, 6).shape()).isEqualTo(Shape.of(2, 6));
    }

    @Test void theObserverSeesWhatRan() {
        List<String> seen = new ArrayList<>();
        Tensor x = Tensor.of(new float[] {1, 2}, 2);
        Tensor y = Engine.observed((op, in, out, kernel, nanos) -> seen.add(op.name() + " " + kernel + " " + out), () -> x.reshape(2, 1).mul(2));
        y.exp();
        assertThat(seen).containsExactly("AffineOp reference F32[2, 1]");
    }

    @Test void observersInsideEachOtherBothSee() {
        List<String> outer = new ArrayList<>(), inner = new ArrayList<>();
        Tensor x = Tensor.of(new float[] {1, 2}, 2);
        Engine.observed(into(outer), () -> Engine.observed(into(inner), () -> x.mul(2)).exp());
        assertThat(inner).containsExactly("AffineOp");
        assertThat(outer).containsExactly("AffineOp", "UnaryOp");
    }

    private static Engine.Observer into(List<String> seen) { return (op, in, out, kernel, nanos) -> seen.add(op.name()); }

    /** Both threads run an op while both are observed. */
    @Test void observersOfTwoThreadsDoNotSeeEachOther() throws Exception {
        CyclicBarrier both = new CyclicBarrier(2);
        List<String> here = new ArrayList<>(), there = new ArrayList<>();
        FutureTask<?> other = new FutureTask<>(() -> Engine.observed(into(there), () -> meetAnd(both, Tensor::exp)));
        Thread.ofPlatform().start(other);
        Engine.observed(into(here), () -> meetAnd(both, x -> x.mul(2)));
        other.get();
        assertThat(here).containsExactly("AffineOp");
        assertThat(there).containsExactly("UnaryOp");
    }

    private static float meetAnd(CyclicBarrier both, UnaryOperator<Tensor> work) {
        try (Scope _ = Scope.open()) {
            both.await();
            Tensor y = work.apply(Tensor.of(new float[] {1, 2}, 2));
            both.await();
            return y.get(1);
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test void carriedWorkIsSeenFromWhereItCame() throws Exception {
        List<String> seen = new ArrayList<>();
        Runnable work = () -> {
            try (Scope _ = Scope.open()) {
                Tensor.of(new float[] {1, 2}, 2).mul(2);
            }
        };
        Runnable carried = Engine.observed(into(seen), () -> Engine.carried(work));
        Thread.ofPlatform().start(work).join();
        assertThat(seen).isEmpty();
        Thread.ofPlatform().start(carried).join();
        assertThat(seen).containsExactly("AffineOp");
        assertThat(Engine.carried(work)).as("nothing to carry").isSameAs(work);
    }
}
