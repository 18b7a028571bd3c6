package dev.faithdiff.networks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.Fixtures;
import dev.faithdiff.KeyLists;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Pool;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Backend;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;

/**
 * What every network must do. A test joins a network with one {@code @TestFactory} method:
 * {@code return new NetworkBattery(...).tests()}.
 *
 * @param weights a file or folder of the fixtures' small weights
 * @param build   makes the network of them
 * @param inputs  stored inputs, on the CPU
 * @param stored  what the published implementation gives for them, where several tensors are one after the other
 * @param released the network at its released size
 */
public record NetworkBattery(String name, Path weights, Build build, Supplier<Tensor[]> inputs, Stored stored, Released released) {
    /** Makes a network of its weights. */
    public interface Build extends Function<Weights, Forward> {}

    /** What a network does. Several results are put {@link #together}. */
    public interface Forward {
        Tensor of(Tensor... in);
    }

    /** A stored result, and by how much each value may differ from it. */
    public record Stored(float[] values, double tolerance) {
        /** A tensor of a fixture; four axes are in the order that the engine has them in. */
        public static Stored of(Fixtures f, String name, double tolerance) {
            return new Stored(f.shape(name).rank() == 4 ? f.nhwc(name) : f.floats(name), tolerance);
        }

        /** This result and the next one. */
        public Stored and(Stored next) {
            float[] both = Arrays.copyOf(values, values.length + next.values.length);
            System.arraycopy(next.values, 0, both, values.length, next.values.length);
            return new Stored(both, Math.max(tolerance, next.tolerance));
        }
    }

    /**
     * A network at its released size.
     *
     * @param shapes its tensors
     * @param inputs of a run, of the small inputs' types
     * @param most   bytes that a run holds at its peak, inputs included and weights not
     */
    public record Released(Map<String, Shape> shapes, Build build, List<Shape> inputs, long most) {
        /** @param keys the lists of its tensors in the fixtures' folder {@code keys} */
        public Released(List<String> keys, Build build, List<Shape> inputs, long most) { this(all(keys), build, inputs, most); }

        private static Map<String, Shape> all(List<String> keys) {
            Map<String, Shape> all = new LinkedHashMap<>();
            for (String list : keys) all.putAll(KeyLists.of(list));
            return all;
        }
    }

    /**
     * How far results of weights rounded to F16 and BF16 may be from those of the stored weights, in parts of the largest value. Measured: at most
     * 0.0011 and 0.012.
     */
    private static final double F16 = 0.005, BF16 = 0.05;

    /** Tensors of any shapes as one of a single axis. */
    public static Tensor together(List<Tensor> results) {
        List<Tensor> flat = results.stream().map(t -> t.reshape(-1)).toList();
        return flat.getFirst().concat(0, flat.subList(1, flat.size()).toArray(Tensor[]::new));
    }

    public DynamicNode tests() {
        float[][] known = new float[1][];
        Supplier<float[]> result = () -> known[0] != null ? known[0] : (known[0] = run(Device.CPU, null));
        return DynamicContainer.dynamicContainer(name, List.of(
                DynamicTest.dynamicTest("takes exactly the released tensors", this::keys),
                DynamicTest.dynamicTest("gives what is stored", () -> Fixtures.assertClose(name, result.get(), stored.values, stored.tolerance)),
                DynamicTest.dynamicTest("gives the same on another device",
                        () -> assertThat(run(Backend.device("second"), null)).isEqualTo(result.get())),
                DynamicTest.dynamicTest("is near with narrow weights", () -> narrowWeights(result.get())),
                DynamicTest.dynamicTest("has the same gradients when blocks run again", this::recompute),
                DynamicTest.dynamicTest("holds no more memory than is known", this::peak)));
    }

    private void keys() {
        try (Weights w = Weights.shapes(name, released.shapes())) {
            released.build.apply(w);
            assertThat(w.done().published()).isEqualTo(released.shapes());
        }
    }

    private float[] run(Device device, DType dtype) {
        try (Scope _ = Scope.open(); Weights w = Weights.open(weights, device, dtype)) {
            Forward network = build.apply(w);
            w.done();
            return network.of(Arrays.stream(inputs.get()).map(t -> t.to(device)).toArray(Tensor[]::new)).toFloats();
        }
    }

    private void narrowWeights(float[] exact) {
        float[] half = run(Device.CPU, DType.F16), brain = run(Device.CPU, DType.BF16);
        double largest = 0;
        for (float v : exact) largest = Math.max(largest, Math.abs(v));
        Fixtures.assertClose("weights in F16", half, exact, F16 * largest);
        Fixtures.assertClose("weights in BF16", brain, exact, BF16 * largest);
        assertThat(brain).as("weights in BF16 are others").isNotEqualTo(exact);
    }

    private void recompute() {
        try (Scope _ = Scope.open(); Weights w = Weights.trainable(weights, Device.CPU)) {
            Forward network = build.apply(w);
            w.done();
            List<float[]> kept = gradients(network, w, false);
            assertThat(gradients(network, w, true)).as("result and gradients").usingElementComparator(Arrays::compare).isEqualTo(kept);
        }
    }

    /** The result, and the gradients of all parameters that it depends on. */
    private List<float[]> gradients(Forward network, Weights w, boolean recompute) {
        Tensor[] in = inputs.get();
        try (Tape tape = Tape.watch(w.parameters("").values(), recompute)) {
            Tensor y = network.of(in);
            List<float[]> all = new ArrayList<>(List.of(y.toFloats()));
            Map<Tensor, Tensor> gradients = tape.gradients(y, y);
            for (Tensor parameter : w.parameters("").values()) if (gradients.containsKey(parameter)) all.add(gradients.get(parameter).toFloats());
            assertThat(all).hasSizeGreaterThan(1);
            return all;
        }
    }

    private void peak() {
        Device dry = Backend.device("dry");
        Pool pool = dry.pool();
        try (Weights w = Weights.shapes(name, released.shapes(), DType.F16, dry, null, null)) {
            Forward network = released.build.apply(w);
            pool.trim();
            long before = pool.usedBytes();
            pool.resetPeak();
            try (Scope _ = Scope.open()) {
                Tensor[] small = inputs.get(), in = new Tensor[released.inputs.size()];
                for (int i = 0; i < in.length; i++) in[i] = Tensor.empty(dry, small[i].dtype(), released.inputs.get(i));
                network.of(in);
            }
            long peak = pool.peakBytes() - before;
            assertThat(peak).as("bytes at the peak").isBetween(released.most * 9 / 10, released.most);
        }
    }
}
