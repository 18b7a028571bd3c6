package dev.faithdiff.kernels.lab;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.LinearOp;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * An ONNX file of one node, as protobuf bytes (onnx.proto3): a case's op with random weights inside and its activations as inputs.
 *
 * @param file   the bytes
 * @param inputs sizes of the inputs, which are named "0", "1", ...
 */
public record OnnxModel(byte[] file, long[][] inputs) {
    private static final int FLOAT = 1, INT = 2, INTS = 7;

    /** A protobuf message under construction. */
    private static final class Message {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        private void varint(long v) {
            for (; (v & ~0x7fL) != 0; v >>>= 7) bytes.write((int) v & 0x7f | 0x80);
            bytes.write((int) v);
        }

        Message number(int field, long v) {
            varint(field << 3);
            varint(v);
            return this;
        }

        Message bytes(int field, byte[] b) {
            varint(field << 3 | 2);
            varint(b.length);
            bytes.writeBytes(b);
            return this;
        }

        Message text(int field, String s) { return bytes(field, s.getBytes(StandardCharsets.UTF_8)); }

        Message message(int field, Message m) { return bytes(field, m.bytes.toByteArray()); }
    }

    /** Whether a case can be such a file: linear layers, convolutions, and attention without bias, shared heads and earlier keys, all in F32. */
    public static boolean isFor(Case c) {
        boolean isAttention = c.op() instanceof AttentionOp a && a.group() == 1 && a.offset() == 0 && c.operands().size() == 3;
        boolean isOp = c.op() instanceof LinearOp || c.op() instanceof Conv2dOp || isAttention;
        return isOp && c.types().activation() == DType.F32 && c.types().weight() == DType.F32;
    }

    /** The file of a case. */
    public static OnnxModel of(Case c) {
        int[][] sizes = Stream.of(c.outline()).map(OnnxModel::sizes).toArray(int[][]::new);
        if (c.op() instanceof LinearOp) sizes[0] = rows(sizes[0]);
        int inputs = c.op() instanceof AttentionOp ? sizes.length : 1;
        long[][] shapes = Stream.of(sizes).limit(inputs).map(s -> Arrays.stream(s).asLongStream().toArray()).toArray(long[][]::new);
        return new OnnxModel(file(c, sizes, inputs), shapes);
    }

    private static byte[] file(Case c, int[][] sizes, int inputs) {
        Message node = node(c).text(2, "y");
        Message graph = new Message().text(2, "case");
        for (int i = 0; i < sizes.length; i++) {
            node.text(1, "" + i);
            if (i < inputs) graph.message(11, value("" + i, sizes[i]));
            else graph.message(5, weight("" + i, sizes[i]));
        }
        graph.message(1, node).message(12, new Message().text(1, "y").message(2, new Message().message(1, new Message().number(1, FLOAT))));
        return new Message().number(1, 8).message(8, new Message().text(1, "").number(2, 17))
                .message(8, new Message().text(1, "com.microsoft").number(2, 1)).message(7, graph).bytes.toByteArray();
    }

    private static Message node(Case c) {
        return switch (c.op()) {
            case Conv2dOp o -> new Message().text(4, "Conv").message(5, integer("group", o.groups()))
                    .message(5, integers("strides", o.stride(), o.stride()))
                    .message(5, integers("pads", o.top(), o.left(), o.bottom(), o.right()));
            case AttentionOp o -> new Message().text(4, "MultiHeadAttention").text(7, "com.microsoft").message(5, integer("num_heads", o.heads()))
                    .message(5, integer("unidirectional", o.causal() ? 1 : 0));
            default -> new Message().text(4, "Gemm").message(5, integer("transB", 1));
        };
    }

    private static Message integer(String name, long value) { return new Message().text(1, name).number(3, value).number(20, INT); }

    private static Message integers(String name, long... values) {
        Message m = new Message().text(1, name).number(20, INTS);
        for (long v : values) m.number(8, v);
        return m;
    }

    private static Message value(String name, int[] sizes) {
        Message shape = new Message();
        for (int s : sizes) shape.message(1, new Message().number(1, s));
        return new Message().text(1, name).message(2, new Message().message(1, new Message().number(1, FLOAT).message(2, shape)));
    }

    private static Message weight(String name, int[] sizes) {
        Message m = new Message();
        for (int s : sizes) m.number(1, s);
        return m.number(2, FLOAT).text(8, name).bytes(9, normal(sizes).array());
    }

    /** Standard normal values for an input. */
    public FloatBuffer values(int input) { return normal(Arrays.stream(inputs[input]).mapToInt(Math::toIntExact).toArray()).asFloatBuffer(); }

    private static ByteBuffer normal(int[] sizes) {
        int count = 1;
        for (int s : sizes) count *= s;
        SplittableRandom random = new SplittableRandom(count);
        ByteBuffer b = ByteBuffer.allocate(4 * count).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) b.putFloat((float) random.nextGaussian());
        return b.flip();
    }

    /** What ONNX multiplies by a matrix is one, too. */
    private static int[] rows(int[] sizes) {
        int last = sizes[sizes.length - 1];
        return new int[] {Arrays.stream(sizes).reduce(1, (a, b) -> a * b) / last, last};
    }

    /** An operand's sizes as ONNX has them: channels before rows and columns. */
    private static int[] sizes(Tensor t) {
        int[] s = t.shape().toArray();
        return s.length == 4 ? new int[] {s[0], s[3], s[1], s[2]} : s;
    }
}
