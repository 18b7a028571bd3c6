package dev.faithdiff.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import dev.faithdiff.Fixtures;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Engine;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every stored operator, forward and gradients, against the published implementation: on kernels and on the references. */
@Tag("full")
class OpFixturesTest {
    /** Not an op but a function of the U-Net, tested beside it in the module faithdiff. */
    private static final Set<String> ELSEWHERE = Set.of("timestep_embedding");

    static Stream<String> cases() {
        Map<String, ?> all = Fixtures.json("ops/ops.json").getAsJsonObject("cases").asMap();
        return all.keySet().stream().filter(name -> !ELSEWHERE.contains(OpFixture.of(name).op()));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void onKernels(String name) { check(OpFixture.of(name)); }

    @ParameterizedTest
    @MethodSource("cases")
    void onReferences(String name) {
        Engine.onReferences(() -> {
            check(OpFixture.of(name));
            return null;
        });
    }

    private static void check(OpFixture f) {
        try (Scope _ = Scope.open()) {
            Map<String, Tensor> in = f.inputs();
            try (Tape tape = Tape.watch(in.values())) {
                Tensor out = compute(f, in);
                compare(f, "out", out);
                Map<Tensor, Tensor> gradients = f.stored("grad_out") ? tape.gradients(out, f.tensor("grad_out")) : Map.of();
                for (String tensor : f.tolerances().keySet()) {
                    if (!tensor.equals("out")) compare(f, tensor, gradients.get(in.get(tensor.substring("grad.".length()))));
                }
            }
        }
    }

    private static void compare(OpFixture f, String tensor, Tensor actual) {
        assertThat(actual).as(f + " " + tensor).isNotNull();
        Fixtures.assertClose(f + " " + tensor, actual.toFloats(), f.values(tensor), f.tolerances().get(tensor).getAsDouble());
    }

    private static Tensor compute(OpFixture f, Map<String, Tensor> in) {
        Tensor x = in.get("x"), weight = in.get("weight"), bias = in.get("bias");
        return switch (f.op()) {
            case "conv2d" -> conv2d(f, x, weight, bias);
            case "linear" -> x.linear(weight, bias);
            case "group_norm" -> x.groupNorm(weight, bias, f.param("groups").getAsInt(), f.param("eps").getAsFloat());
            case "layer_norm" -> layerNorm(f, x, weight, bias);
            case "activation" -> activation(f, x);
            case "geglu" -> x.linear(weight, bias).geglu();
            case "softmax" -> softmax(f, x);
            case "sdpa" -> sdpa(f, in);
            case "bmm" -> in.get("a").matmul(in.get("b"));
            case "upsample_nearest2x" -> upsample(f, x);
            case "embedding" -> weight.gather(f.indices());
            case "concat" -> concat(f, in);
            case "mha_seq_first" -> multiHeadAttention(f, in);
            default -> throw new AssertionError("no operator " + f.op() + " is known to this test");
        };
    }

    private static Tensor conv2d(OpFixture f, Tensor x, Tensor weight, Tensor bias) {
        assertThat(f.param("groups").getAsInt()).isEqualTo(1);
        assertThat(f.param("dilation").getAsInt()).isEqualTo(1);
        int stride = f.param("stride").getAsInt(), p = f.param("padding").getAsInt();
        String sides = "asymmetric_pad_left_right_top_bottom";
        int[] extra = f.has(sides) ? f.ints(sides) : new int[4];
        return x.conv2d(weight, bias, new Conv2dOp(stride, p + extra[2], p + extra[3], p + extra[0], p + extra[1]));
    }

    private static Tensor layerNorm(OpFixture f, Tensor x, Tensor weight, Tensor bias) {
        int n = 1;
        for (int d : f.ints("normalized_dims")) n *= d;
        Tensor y = x.reshape(-1, n).layerNorm(weight.reshape(n), bias.reshape(n), f.param("eps").getAsFloat());
        return y.reshape(x.shape().toArray());
    }

    private static Tensor activation(OpFixture f, Tensor x) {
        if (f.has("negative_slope")) return x.leakyRelu(f.param("negative_slope").getAsFloat());
        if (f.has("coefficient")) {
            assertThat(f.param("coefficient").getAsDouble()).isEqualTo(1.702);
            return x.quickGelu();
        }
        if (f.has("approximate")) {
            assertThat(f.param("approximate").getAsString()).isEqualTo("none");
            return x.gelu();
        }
        return switch (f.name()) {
            case "silu" -> x.silu();
            case "sigmoid" -> x.sigmoid();
            default -> throw new AssertionError("no activation " + f.name() + " is known to this test");
        };
    }

    private static Tensor softmax(OpFixture f, Tensor x) {
        assertThat(x.shape().axis(f.param("dim").getAsInt())).as("softmax is over the last axis").isEqualTo(x.rank() - 1);
        return x.softmax();
    }

    private static Tensor sdpa(OpFixture f, Map<String, Tensor> in) {
        assertThat(f.param("layout").getAsString()).isEqualTo("batch,heads,length,head_dim");
        int heads = f.file().shape(f.name() + ".in.q").size(1), d = in.get("q").size(2) / heads;
        assertThat(f.param("scale").getAsDouble()).isEqualTo(1 / Math.sqrt(d), offset(1e-6));
        return in.get("q").attention(in.get("k"), in.get("v"), heads, f.param("causal").getAsBoolean());
    }

    private static Tensor upsample(OpFixture f, Tensor x) {
        int[] size = f.has("size") ? f.ints("size") : new int[] {2 * x.size(1), 2 * x.size(2)};
        return x.upsample(size[0], size[1]);
    }

    /** Channels of an image are its last axis here. */
    private static Tensor concat(OpFixture f, Map<String, Tensor> in) {
        Tensor[] parts = in.values().toArray(Tensor[]::new);
        int dim = parts[0].shape().axis(f.param("dim").getAsInt());
        int axis = parts[0].rank() == 4 && dim > 0 ? new int[] {3, 1, 2}[dim - 1] : dim;
        return parts[0].concat(axis, Stream.of(parts).skip(1).toArray(Tensor[]::new));
    }

    /** Axis 0 is the sequence and axis 1 the batch. */
    private static Tensor multiHeadAttention(OpFixture f, Map<String, Tensor> in) {
        Tensor x = in.get("x");
        int e = x.size(2);
        Tensor qkv = x.linear(in.get("in_proj_weight"), in.get("in_proj_bias")).permute(1, 0, 2);
        Tensor y = qkv.slice(2, 0, e).attention(qkv.slice(2, e, 2 * e), qkv.slice(2, 2 * e, 3 * e), f.param("heads").getAsInt(), false);
        return y.permute(1, 0, 2).linear(in.get("out_weight"), in.get("out_bias"));
    }
}
