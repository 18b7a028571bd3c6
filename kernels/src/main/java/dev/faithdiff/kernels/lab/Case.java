package dev.faithdiff.kernels.lab;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Storage;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Op;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/**
 * A named op with its operands: random data, the same on each call, and never all zeros, since zeros hide errors and run faster.
 *
 * @param model true for a shape of a real model: it is timed, and too large for the scalar reference in a unit test
 */
public record Case(String label, Op op, Types types, boolean model, List<Operand> operands) {
    /** The element types of activations and of weights. */
    public record Types(DType activation, DType weight) {
        @Override public String toString() { return activation == weight ? activation.toString() : activation + "x" + weight; }
    }

    /** Op, label and, unless all is F32, element types: {@code LinearOp/prime:F32xF16}. */
    public String name() {
        boolean plain = types.activation() == DType.F32 && types.weight() == DType.F32;
        return op.name() + "/" + label + (plain ? "" : ":" + types);
    }

    /** The same op, roles and types on operands of other shapes; optional operands may be left out. */
    public Case reshaped(List<Shape> shapes) {
        List<Operand> other = new ArrayList<>();
        for (int i = 0; i < Math.min(shapes.size(), operands.size()); i++) {
            Operand o = operands.get(i);
            other.add(new Operand(o.role(), o.values(), o.rows(), shapes.get(i)));
        }
        return new Case(shapes.stream().map(Shape::toString).collect(Collectors.joining()).replace(" ", ""), op, types, model, other);
    }

    /** Floating-point operations of one run. */
    public long flops() { return op.flops(outline()); }

    /** The least number of bytes that one run reads and writes. */
    public long bytes() { return op.bytes(outline()); }

    /** Draws the operands into the current scope. */
    public Tensor[] draw(Device device) {
        Tensor[] in = new Tensor[operands.size()];
        SplittableRandom random = new SplittableRandom(name().hashCode());
        for (int i = 0; i < in.length; i++) in[i] = operands.get(i).draw(dtype(i), random.split()).to(device);
        return in;
    }

    /** The operands without memory: enough for shapes, flops and bytes. */
    public Tensor[] outline() { return outline(Device.CPU); }

    /** The operands without memory, as those of a device: enough for a kernel to refuse. */
    public Tensor[] outline(Device device) {
        Tensor[] in = new Tensor[operands.size()];
        for (int i = 0; i < in.length; i++) {
            Shape s = operands.get(i).shape();
            in[i] = new Tensor(new Storage(device, 0, s.count() * dtype(i).bytes(), null), 0, s, dtype(i), null);
        }
        return in;
    }

    private DType dtype(int operand) {
        return switch (operands.get(operand).role()) {
            case ACTIVATION -> types.activation();
            case WEIGHT -> types.weight();
            case SCALE -> DType.F16;
            case INDEX -> DType.I64;
        };
    }

    @Override public String toString() { return name(); }
}
