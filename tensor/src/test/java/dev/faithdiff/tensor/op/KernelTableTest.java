package dev.faithdiff.tensor.op;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which kernels come first. There is no backend in this module, so its own tables are empty. */
class KernelTableTest {
    private record Named<O extends Op>(String name, Class<O> op) implements Kernel<O> {
        @Override public void run(O op, Tensor[] in, Tensor out) { throw new UnsupportedOperationException(name); }
    }

    private static final List<Kernel<?>> ALL = List.of(new Named<>("PadFast", PadOp.class), new Named<>("Affine", AffineOp.class),
            new Named<>("PadPlain", PadOp.class), new Named<>("ResizeGrad", ResizeOp.Grad.class));

    private static List<String> ordered(Class<? extends Op> op, String first) {
        return KernelTable.ordered("cpu", op, ALL, first).stream().map(Kernel::name).toList();
    }

    @Test void kernelsComeInTheOrderOfTheirBackend() { assertThat(ordered(PadOp.class, null)).containsExactly("PadFast", "PadPlain"); }

    @Test void oneKernelIsPutFirst() {
        assertThat(ordered(PadOp.class, "PadPlain")).containsExactly("PadPlain", "PadFast");
        assertThat(ordered(ResizeOp.Grad.class, "ResizeGrad")).containsExactly("ResizeGrad");
    }

    @Test void thoseThatRoundComeFirstWhereThatIsAskedFor() {
        Kernel<?> first = ALL.getFirst(), last = ALL.getLast(), pairs = rounding(DType.BF16), bytes = rounding(DType.I8);
        List<Kernel<?>> all = List.of(first, pairs, bytes, last);
        assertThat(KernelTable.roundingFirst(all, DType.I8)).containsExactly(bytes, first, last, pairs);
        assertThat(KernelTable.roundingFirst(all, DType.BF16)).containsExactly(pairs, first, last, bytes);
        assertThat(KernelTable.roundingFirst(all, null)).containsExactly(first, last, pairs, bytes);
        assertThat(KernelTable.unasked(all, LinearAddOp.class, null)).as("parts need not round").containsExactly(first, last);
        assertThat(KernelTable.unasked(all, LinearAddOp.class, DType.I8)).containsExactly(first, bytes, last);
        assertThat(KernelTable.unasked(all, PadOp.class, null)).isEqualTo(all);
    }

    private static Kernel<PadOp> rounding(DType to) {
        return new Kernel<>() {
            @Override public Class<PadOp> op() { return PadOp.class; }

            @Override public DType rounds() { return to; }

            @Override public void run(PadOp op, Tensor[] in, Tensor out) { throw new UnsupportedOperationException(); }
        };
    }

    @Test void theReferenceIsNoKernel() { assertThat(ordered(PadOp.class, "reference")).isEmpty(); }

    @Test void anUnknownKernelIsAnErrorThatNamesTheKnownOnes() {
        assertThatThrownBy(() -> ordered(PadOp.class, "PadQuick")).isInstanceOf(OpError.class)
                .hasMessage("there is no kernel 'PadQuick' for PadOp on cpu; there are [PadFast, PadPlain, reference]");
        assertThatThrownBy(() -> KernelTable.STANDARD.with("cpu", PadOp.class, "PadFast")).isInstanceOf(OpError.class)
                .hasMessage("there is no kernel 'PadFast' for PadOp on cpu; there are [reference]");
    }

    /** A table keeps what the property said at first. */
    @Test void thePropertySetsTheStart() {
        KernelTable before = new KernelTable(), after = new KernelTable();
        assertThat(before.kernels("cpu", ResizeOp.Grad.class)).isEmpty();
        System.setProperty("faithdiff.kernel.ResizeOp.Grad", "Quick");
        try {
            assertThat(before.kernels("cpu", ResizeOp.Grad.class)).isEmpty();
            assertThatThrownBy(() -> after.kernels("cpu", ResizeOp.Grad.class)).isInstanceOf(OpError.class).hasMessageContaining("'Quick'");
            assertThat(after.with("cpu", ResizeOp.Grad.class, "reference").kernels("cpu", ResizeOp.Grad.class)).isEmpty();
        } finally {
            System.clearProperty("faithdiff.kernel.ResizeOp.Grad");
        }
    }
}
