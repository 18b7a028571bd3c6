package dev.faithdiff.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.Fixtures;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.PoolOp;
import dev.faithdiff.tensor.op.ResizeOp;
import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** Results and gradients against PyTorch's in double precision, by {@code fixtures/make/torch_ops.py}: on kernels and on the references. */
@Tag("full")
class TorchOpsTest {
    private static final double TOLERANCE = 3e-6; // of the largest value

    @TestFactory Stream<DynamicTest> agreesWithPyTorch() throws IOException {
        JsonArray cases = JsonParser.parseString(Files.readString(Fixtures.path("torch/ops.json"))).getAsJsonArray();
        return cases.asList().stream().map(JsonElement::getAsJsonObject).map(c -> DynamicTest.dynamicTest(c.get("name").getAsString(), () -> {
            check(c);
            Engine.onReferences(() -> {
                check(c);
                return null;
            });
        }));
    }

    private static void check(JsonObject c) {
        try (Scope _ = Scope.open()) {
            Map<String, Tensor> in = new LinkedHashMap<>();
            c.getAsJsonObject("in").asMap().forEach((name, t) -> in.put(name, tensor(t.getAsJsonObject())));
            try (Tape tape = Tape.watch(in.values())) {
                Tensor out = compute(c.get("op").getAsString(), c.get("name").getAsString(), c.getAsJsonObject("params"), in);
                same("out", out, c.getAsJsonObject("out"));
                Map<Tensor, Tensor> gradients = tape.gradients(out, tensor(c.getAsJsonObject("outGrad")));
                c.getAsJsonObject("grad").asMap().forEach((name, t) -> same("gradient of " + name, gradients.get(in.get(name)), t.getAsJsonObject()));
            }
        }
    }

    private static Tensor compute(String op, String name, JsonObject p, Map<String, Tensor> in) {
        Tensor x = in.get("x");
        return switch (op) {
            case "resize" -> x.resize(new ResizeOp(ResizeOp.Kind.valueOf(p.get("kind").getAsString()), p.get("antialias").getAsBoolean(),
                    number(p, "height"), number(p, "width"), p.get("factor").getAsDouble()));
            case "pool" -> x.pool(new PoolOp(PoolOp.Kind.valueOf(p.get("kind").getAsString()), number(p, "size"), number(p, "stride"),
                    number(p, "padding")));
            case "rmsNorm" -> x.rmsNorm(in.get("weight"), p.get("eps").getAsFloat());
            case "pixelShuffle" -> x.pixelShuffle(number(p, "r"));
            case "pixelUnshuffle" -> x.pixelUnshuffle(number(p, "r"));
            case "conv2d" -> {
                int padding = number(p, "padding");
                yield x.conv2d(in.get("weight"), in.get("bias"),
                        new Conv2dOp(number(p, "stride"), padding, padding, padding, padding, number(p, "groups")));
            }
            case "attention" -> in.get("q").attention(in.get("k"), in.get("v"), in.get("bias"),
                    new AttentionOp(number(p, "heads"), number(p, "keyHeads"), p.get("causal").getAsBoolean(), number(p, "offset")));
            case "unary" -> switch (name) {
                case "tanh" -> x.tanh();
                case "log" -> x.log();
                case "relu" -> x.relu();
                case "geluTanh" -> x.geluTanh();
                default -> throw new AssertionError("no function " + name + " is known to this test");
            };
            default -> throw new AssertionError("no op " + op + " is known to this test");
        };
    }

    private static int number(JsonObject p, String name) { return p.get(name).getAsInt(); }

    private static Tensor tensor(JsonObject t) { return Tensor.of(floats(t), shape(t)); }

    private static int[] shape(JsonObject t) { return t.getAsJsonArray("shape").asList().stream().mapToInt(JsonElement::getAsInt).toArray(); }

    private static float[] floats(JsonObject t) {
        double[] values = t.getAsJsonArray("values").asList().stream().mapToDouble(JsonElement::getAsDouble).toArray();
        float[] f = new float[values.length];
        for (int i = 0; i < f.length; i++) f[i] = (float) values[i];
        return f;
    }

    private static void same(String what, Tensor actual, JsonObject expected) {
        assertThat(actual.shape().toArray()).as(what).isEqualTo(shape(expected));
        float[] a = actual.toFloats(), e = floats(expected);
        double largest = 0;
        for (float v : e) largest = Math.max(largest, Math.abs(v));
        for (int i = 0; i < e.length; i++) {
            if (!(Math.abs(a[i] - e[i]) <= TOLERANCE * largest)) throw new AssertionError(what + " at " + i + " is " + a[i] + ", expected " + e[i]);
        }
    }
}
