package dev.faithdiff.tensor;

import dev.faithdiff.tensor.op.AffineOp;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.BinaryOp;
import dev.faithdiff.tensor.op.CastOp;
import dev.faithdiff.tensor.op.ConcatOp;
import dev.faithdiff.tensor.op.Conv2dAddOp;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.GatherOp;
import dev.faithdiff.tensor.op.GegluOp;
import dev.faithdiff.tensor.op.GroupNormOp;
import dev.faithdiff.tensor.op.GroupedLinearOp;
import dev.faithdiff.tensor.op.LayerNormOp;
import dev.faithdiff.tensor.op.LinearAddOp;
import dev.faithdiff.tensor.op.LinearGegluOp;
import dev.faithdiff.tensor.op.LinearOp;
import dev.faithdiff.tensor.op.MatmulOp;
import dev.faithdiff.tensor.op.Op;
import dev.faithdiff.tensor.op.PadOp;
import dev.faithdiff.tensor.op.PermuteOp;
import dev.faithdiff.tensor.op.PoolOp;
import dev.faithdiff.tensor.op.QuantizedLinearOp;
import dev.faithdiff.tensor.op.PreluOp;
import dev.faithdiff.tensor.op.ReduceOp;
import dev.faithdiff.tensor.op.ReshapeOp;
import dev.faithdiff.tensor.op.ResizeOp;
import dev.faithdiff.tensor.op.RmsNormOp;
import dev.faithdiff.tensor.op.RopeOp;
import dev.faithdiff.tensor.op.SelfAttentionOp;
import dev.faithdiff.tensor.op.SliceOp;
import dev.faithdiff.tensor.op.SoftmaxOp;
import dev.faithdiff.tensor.op.UnaryOp;
import dev.faithdiff.tensor.op.UpsampleConv2dOp;
import java.lang.foreign.MemorySegment;

/**
 * A dense row-major array: storage, offset, shape, element type, and a label for messages. Never strided; images are
 * {@code [B, H, W, C]}, sequences {@code [B, tokens, channels]}. One line for each op; {@link Engine} does the work.
 */
public final class Tensor {
    private final Storage storage;
    private final long offset;
    private final Shape shape;
    private final DType dtype;
    private final String label;
    private MemorySegment segment;

    /** @param offset bytes from the start of the storage */
    public Tensor(Storage storage, long offset, Shape shape, DType dtype, String label) {
        if (offset < 0 || shape.count() * dtype.bytes() > storage.bytes() - offset) {
            throw new OpError(dtype + " " + shape + " at byte " + offset + " does not fit a storage of " + storage.bytes() + " bytes");
        }
        this.storage = storage;
        this.offset = offset;
        this.shape = shape;
        this.dtype = dtype;
        this.label = label;
    }

    // ---- making and reading

    /** A tensor of undefined contents in the current scope. */
    public static Tensor empty(Device device, DType dtype, Shape shape) {
        Storage s = device.allocate(shape.count() * dtype.bytes());
        Scope.current().own(s);
        return new Tensor(s, 0, shape, dtype, null);
    }

    /** An F32 tensor on the CPU with the given values in row-major order. */
    public static Tensor of(float[] values, int... sizes) {
        Shape shape = Shape.of(sizes);
        if (shape.count() != values.length) throw new OpError(values.length + " values do not fill shape " + shape);
        Tensor t = empty(Device.CPU, DType.F32, shape);
        MemorySegment.copy(MemorySegment.ofArray(values), 0, t.segment(), 0, t.bytes());
        return t;
    }

    /** An I64 tensor on the CPU, as indices for {@link #gather}. */
    public static Tensor of(long[] values, int... sizes) {
        Shape shape = Shape.of(sizes);
        if (shape.count() != values.length) throw new OpError(values.length + " values do not fill shape " + shape);
        Tensor t = empty(Device.CPU, DType.I64, shape);
        MemorySegment.copy(MemorySegment.ofArray(values), 0, t.segment(), 0, t.bytes());
        return t;
    }

    /** A tensor with one value everywhere. */
    public static Tensor full(Device device, DType dtype, Shape shape, float value) {
        try (Scope s = Scope.open()) {
            Tensor host = empty(Device.CPU, dtype, shape);
            for (long i = 0; i < host.count(); i++) host.set(i, value);
            return s.keep(host.to(device));
        }
    }

    /** A tensor of zeros. */
    public static Tensor zeros(Device device, DType dtype, Shape shape) {
        Tensor host = empty(Device.CPU, dtype, shape);
        host.segment().fill((byte) 0);
        return host.to(device);
    }

    /** All values as floats in row-major order. */
    public float[] toFloats() {
        if (count() > Integer.MAX_VALUE - 8) throw new OpError(this + " is too large for a Java array");
        try (Scope _ = Scope.open()) {
            Tensor host = to(Device.CPU).to(DType.F32);
            float[] values = new float[(int) count()];
            MemorySegment.copy(host.segment(), 0, MemorySegment.ofArray(values), 0, host.bytes());
            return values;
        }
    }

    /** The value of a tensor of one element. */
    public float item() {
        if (count() != 1) throw new OpError(this + " is not one number");
        return toFloats()[0];
    }

    /** Element {@code i} in row-major order, converted; host tensors only and slow: for references and tests. */
    public float get(long i) { return dtype.get(segment(), i * dtype.bytes()); }

    /** Stores element {@code i}, rounded to the element type; host tensors only. */
    public void set(long i, double value) { dtype.set(segment(), i * dtype.bytes(), (float) value); }

    /** The same values on another device; this tensor if it is there already. Not recorded by tapes. */
    public Tensor to(Device device) {
        if (device == device()) return this;
        if (!storage.require()) throw new OpError(this + " is used after its scope was closed");
        Tensor copy = empty(device, dtype, shape);
        if (device() == Device.CPU) {
            device.upload(segment(), copy.storage, 0);
        } else if (device == Device.CPU) {
            device().download(storage, offset, copy.segment());
        } else {
            throw new OpError("copying from " + device().name() + " to " + device.name() + " goes through the CPU");
        }
        return copy.named(label);
    }

    // ---- properties

    /** The allocation that holds the elements, perhaps beside others. */
    public Storage storage() { return storage; }

    /** Bytes from the start of the storage. */
    public long offset() { return offset; }

    /** The sizes of all axes. */
    public Shape shape() { return shape; }

    /** The number of axes. */
    public int rank() { return shape.rank(); }

    /** The size of an axis; a negative one counts from the last. */
    public int size(int axis) { return shape.size(axis); }

    /** The number of elements. */
    public long count() { return shape.count(); }

    /** The bytes of all elements. */
    public long bytes() { return count() * dtype.bytes(); }

    /** The type of the elements. */
    public DType dtype() { return dtype; }

    /** The device whose memory holds the elements. */
    public Device device() { return storage.device(); }

    /** The name in messages, for example a weight's path; null if it has none. */
    public String label() { return label; }

    /** Address of the first element on its device. */
    public long address() { return storage.address() + offset; }

    /** Exactly this tensor's bytes; host tensors only. */
    public MemorySegment segment() {
        if (!storage.live()) throw new OpError(this + " is used after its scope was closed");
        if (segment == null) {
            if (storage.segment() == null) throw new OpError(this + " lives on " + device().name() + ", not in host memory");
            segment = storage.segment().asSlice(offset, bytes());
        }
        return segment;
    }

    /** The same tensor with a label for messages. */
    public Tensor named(String name) { return new Tensor(storage, offset, shape, dtype, name); }

    /** A view that begins {@code elements} after this tensor's first element. Tapes do not record it, unlike ops. */
    public Tensor view(long elements, Shape to) { return new Tensor(storage, offset + elements * dtype.bytes(), to, dtype, label); }

    // ---- elementwise and reductions

    /** The same values in another element type; this tensor if it has the type already. */
    public Tensor to(DType type) { return type == dtype ? this : Engine.run(new CastOp(type), this); }

    /** {@code x * sigmoid(x)}. */
    public Tensor silu() { return unary(UnaryOp.Kind.SILU); }

    /** {@code x * P(X <= x)} for a standard normal X. */
    public Tensor gelu() { return unary(UnaryOp.Kind.GELU); }

    /** GELU's tanh approximation (T5, PixArt). */
    public Tensor geluTanh() { return unary(UnaryOp.Kind.GELU_TANH); }

    /** {@code x * sigmoid(1.702 x)} (CLIP). */
    public Tensor quickGelu() { return unary(UnaryOp.Kind.QUICK_GELU); }

    /** {@code 1 / (1 + exp(-x))}. */
    public Tensor sigmoid() { return unary(UnaryOp.Kind.SIGMOID); }

    /** The hyperbolic tangent. */
    public Tensor tanh() { return unary(UnaryOp.Kind.TANH); }

    /** The exponential. */
    public Tensor exp() { return unary(UnaryOp.Kind.EXP); }

    /** The natural logarithm. */
    public Tensor log() { return unary(UnaryOp.Kind.LOG); }

    /** The square root. */
    public Tensor sqrt() { return unary(UnaryOp.Kind.SQRT); }

    /** The absolute value. */
    public Tensor abs() { return unary(UnaryOp.Kind.ABS); }

    /** -1, 0 or 1. */
    public Tensor sign() { return unary(UnaryOp.Kind.SIGN); }

    /** Zero in place of values below zero. */
    public Tensor relu() { return unary(UnaryOp.Kind.RELU); }

    /** Values below zero are multiplied by the slope. */
    public Tensor leakyRelu(float slope) { return Engine.run(new UnaryOp(UnaryOp.Kind.LEAKY_RELU, slope), this); }

    /** Parametric ReLU of {@code [..., C]}: values below zero are multiplied by the slope {@code [C]} of their channel. */
    public Tensor prelu(Tensor slopes) { return Engine.run(new PreluOp(), this, slopes); }

    private Tensor unary(UnaryOp.Kind kind) { return Engine.run(new UnaryOp(kind, 0), this); }

    /** {@code x + b}. Axes of size 1 are repeated, as in PyTorch; also in the next three. */
    public Tensor add(Tensor b) { return Engine.run(new BinaryOp(BinaryOp.Kind.ADD), this, b); }

    /** {@code x - b}. */
    public Tensor sub(Tensor b) { return Engine.run(new BinaryOp(BinaryOp.Kind.SUB), this, b); }

    /** {@code x * b}, element by element. */
    public Tensor mul(Tensor b) { return Engine.run(new BinaryOp(BinaryOp.Kind.MUL), this, b); }

    /** {@code x / b}. */
    public Tensor div(Tensor b) { return Engine.run(new BinaryOp(BinaryOp.Kind.DIV), this, b); }

    /** {@code x * scale + shift}. */
    public Tensor affine(float scale, float shift) { return Engine.run(new AffineOp(scale, shift), this); }

    /** {@code x * scale}. */
    public Tensor mul(float scale) { return affine(scale, 0); }

    /** Values below {@code low} become low, those above {@code high} high. */
    public Tensor clamp(float low, float high) { return Engine.run(new UnaryOp(UnaryOp.Kind.CLAMP, low, high), this); }

    /** Sum over the axes, which are kept with size 1. */
    public Tensor sum(int... axes) { return Engine.run(ReduceOp.of(ReduceOp.Kind.SUM, this, axes), this); }

    /** Mean over the axes, which are kept with size 1. */
    public Tensor mean(int... axes) { return Engine.run(ReduceOp.of(ReduceOp.Kind.MEAN, this, axes), this); }

    /** Mean of all elements, a scalar of rank 0. */
    public Tensor mean() {
        int[] axes = new int[rank()];
        for (int i = 0; i < axes.length; i++) axes[i] = i;
        return mean(axes).reshape();
    }

    /** Softmax over the last axis. */
    public Tensor softmax() { return Engine.run(new SoftmaxOp(), this); }

    // ---- products, convolution, attention

    /** {@code [..., K] x [N, K] (+ [N]) -> [..., N]}; the bias may be null. */
    public Tensor linear(Tensor weight, Tensor bias) {
        return bias == null ? Engine.run(new LinearOp(), this, weight) : Engine.run(new LinearOp(), this, weight, bias);
    }

    /** The same with a narrow weight and F32 scales {@code [N]} of its rows or F16 scales {@code [N, K/32]} of groups; the bias may be null. */
    public Tensor linear(Tensor weight, Tensor scales, Tensor bias) {
        Op op = scales.rank() == 1 ? new QuantizedLinearOp() : new GroupedLinearOp();
        return bias == null ? Engine.run(op, this, weight, scales) : Engine.run(op, this, weight, scales, bias);
    }

    /** {@code linear(weight, bias) + addend}, an addend of the result's shape; the bias may be null. */
    public Tensor linearAdd(Tensor weight, Tensor bias, Tensor addend) {
        LinearAddOp op = new LinearAddOp();
        return bias == null ? Engine.run(op, this, weight, addend) : Engine.run(op, this, weight, addend, bias);
    }

    /** {@code linear(weight, bias).geglu()}; the bias may be null. */
    public Tensor linearGeglu(Tensor weight, Tensor bias) {
        return bias == null ? Engine.run(new LinearGegluOp(), this, weight) : Engine.run(new LinearGegluOp(), this, weight, bias);
    }

    /** Batched matrix product {@code [..., M, K] x [..., K, N] -> [..., M, N]}. */
    public Tensor matmul(Tensor b) { return matmul(b, false, false); }

    /** Batched matrix product of operands that are stored transposed where the flags say so. */
    public Tensor matmul(Tensor b, boolean transposeA, boolean transposeB) {
        return Engine.run(new MatmulOp(transposeA, transposeB), this, b);
    }

    /** {@code [B, H, W, I]} with weight {@code [O, kh, kw, I]}; equal zero padding on all sides; the bias may be null. */
    public Tensor conv2d(Tensor weight, Tensor bias, int stride, int padding) {
        return conv2d(weight, bias, new Conv2dOp(stride, padding, padding, padding, padding));
    }

    /** Convolution with its own padding on each side, or in groups with weight {@code [O, kh, kw, I/groups]}. */
    public Tensor conv2d(Tensor weight, Tensor bias, Conv2dOp op) {
        return bias == null ? Engine.run(op, this, weight) : Engine.run(op, this, weight, bias);
    }

    /** {@code conv2d(weight, bias, op) + addend}, an addend of the result's shape or {@code [B, 1, 1, O]}; the bias may be null. */
    public Tensor conv2dAdd(Tensor weight, Tensor bias, Tensor addend, Conv2dOp op) {
        Conv2dAddOp both = new Conv2dAddOp(op);
        return bias == null ? Engine.run(both, this, weight, addend) : Engine.run(both, this, weight, addend, bias);
    }

    /** A 3x3 convolution that keeps the size, of {@code [B, H, W, I]} at twice its height and width by repeating pixels; the bias may be null. */
    public Tensor upsampleConv2d(Tensor weight, Tensor bias) {
        UpsampleConv2dOp op = new UpsampleConv2dOp();
        return bias == null ? Engine.run(op, this, weight) : Engine.run(op, this, weight, bias);
    }

    /** Scaled dot-product attention of {@code [B, T, heads*d]} on keys and values {@code [B, S, heads*d]}; scale 1/sqrt(d). */
    public Tensor attention(Tensor keys, Tensor values, int heads, boolean causal) {
        return attention(keys, values, null, new AttentionOp(heads, causal));
    }

    /**
     * Attention with grouped heads, a causal offset, or a bias {@code [1 or B, 1 or heads, 1 or T, S]} that is added to the scores (T5, Swin,
     * masks); the bias may be null.
     */
    public Tensor attention(Tensor keys, Tensor values, Tensor bias, AttentionOp op) {
        return bias == null ? Engine.run(op, this, keys, values) : Engine.run(op, this, keys, values, bias);
    }

    /** Attention of {@code [B, T, C]} on itself: {@code linear(q).attention(linear(k), linear(v), heads, false)}. */
    public Tensor selfAttention(Tensor q, Tensor k, Tensor v, int heads) { return Engine.run(new SelfAttentionOp(heads), this, q, k, v); }

    // ---- norms and gates

    /** GroupNorm over {@code [B, ..., C]}. */
    public Tensor groupNorm(Tensor weight, Tensor bias, int groups, float eps) {
        return Engine.run(new GroupNormOp(groups, eps, false), this, weight, bias);
    }

    /** GroupNorm followed by SiLU in one pass. */
    public Tensor groupNormSilu(Tensor weight, Tensor bias, int groups, float eps) {
        return Engine.run(new GroupNormOp(groups, eps, true), this, weight, bias);
    }

    /** LayerNorm over the last axis. */
    public Tensor layerNorm(Tensor weight, Tensor bias, float eps) { return Engine.run(new LayerNormOp(eps), this, weight, bias); }

    /** {@code x / sqrt(mean(x^2) + eps) * weight} over the last axis (T5, LLaMA). */
    public Tensor rmsNorm(Tensor weight, float eps) { return Engine.run(new RmsNormOp(eps), this, weight); }

    /** Rotary positions of {@code [B, T, heads*d]}, whose first token has position {@code offset}. */
    public Tensor rope(int heads, float theta, int offset) { return Engine.run(new RopeOp(heads, theta, offset), this); }

    /** {@code [..., 2C] -> [..., C]}: first half times GELU of the second half. */
    public Tensor geglu() { return Engine.run(new GegluOp(), this); }

    // ---- moving data

    /** Another shape of the same elements; one size may be -1. */
    public Tensor reshape(int... sizes) { return Engine.run(ReshapeOp.of(this, sizes), this); }

    /** Elements {@code from} (inclusive) to {@code to} (exclusive) of an axis; a view where all outer axes have size 1. */
    public Tensor slice(int axis, int from, int to) { return Engine.run(new SliceOp(shape.axis(axis), from, to), this); }

    /** This tensor and the others, concatenated along one axis. */
    public Tensor concat(int axis, Tensor... others) {
        Tensor[] in = new Tensor[others.length + 1];
        in[0] = this;
        System.arraycopy(others, 0, in, 1, others.length);
        return Engine.run(new ConcatOp(shape.axis(axis)), in);
    }

    /** Axes in a new order: result axis i is this tensor's axis {@code order[i]}. */
    public Tensor permute(int... order) { return Engine.run(new PermuteOp(order), this); }

    /** Zero padding of {@code [B, H, W, C]}. */
    public Tensor pad(int top, int bottom, int left, int right) { return Engine.run(new PadOp(top, bottom, left, right), this); }

    /** Nearest resizing of {@code [B, H, W, C]} to {@code height x width}. */
    public Tensor upsample(int height, int width) { return resize(new ResizeOp(ResizeOp.Kind.NEAREST, false, height, width)); }

    /** Resizing of {@code [B, H, W, C]} (PyTorch's {@code interpolate} without {@code align_corners}). */
    public Tensor resize(ResizeOp op) { return Engine.run(op, this); }

    /** Pooling of {@code [B, H, W, C]}; a mean over the whole map is {@code mean(1, 2)}. */
    public Tensor pool(PoolOp op) { return Engine.run(op, this); }

    /** {@code [B, H, W, C*r*r] -> [B, H*r, W*r, C]}, channels in PyTorch's order: C, then row, then column. */
    public Tensor pixelShuffle(int r) {
        require(r >= 1 && rank() == 4 && size(3) % (r * r) == 0, "pixelShuffle takes [B, H, W, C*" + r + "*" + r + "]");
        if (r == 1) return this;
        int b = size(0), h = size(1), w = size(2), c = size(3) / (r * r);
        try (Scope s = Scope.open()) {
            Tensor pixels = reshape(b * h * w, c, r * r).permute(0, 2, 1);              // [B*H*W, row*column, C]
            Tensor rows = pixels.reshape(b * h, w, r, r * c).permute(0, 2, 1, 3);       // [B*H, row, W, column*C]
            return s.keep(rows).reshape(b, h * r, w * r, c);
        }
    }

    /** {@code [B, H*r, W*r, C] -> [B, H, W, C*r*r]}: the inverse of {@link #pixelShuffle}. */
    public Tensor pixelUnshuffle(int r) {
        require(r >= 1 && rank() == 4 && size(1) % r == 0 && size(2) % r == 0, "pixelUnshuffle takes [B, H*" + r + ", W*" + r + ", C]");
        if (r == 1) return this;
        int b = size(0), h = size(1) / r, w = size(2) / r, c = size(3);
        try (Scope s = Scope.open()) {
            Tensor squares = reshape(b * h, r, w, r * c).permute(0, 2, 1, 3);           // [B*H, W, row, column*C]
            Tensor channels = squares.reshape(b * h * w, r * r, c).permute(0, 2, 1);    // [B*H*W, C, row*column]
            return s.keep(channels).reshape(b, h, w, c * r * r);
        }
    }

    private void require(boolean holds, String rule) {
        if (!holds) throw new OpError(this + ": " + rule);
    }

    /** Rows of this table {@code [N, C]} by index: {@code [...] -> [..., C]}. */
    public Tensor gather(Tensor indices) { return Engine.run(new GatherOp(), this, indices); }

    @Override public String toString() { return (label == null ? "" : label + " ") + dtype + shape; }
}
