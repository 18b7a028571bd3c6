package dev.faithdiff.kernels.cpu;

import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Storage;
import dev.faithdiff.tensor.Tensor;

/** A kernel's working memory for one run: floats from the CPU's pool, 64-byte aligned and not zeroed, for all threads. */
public record Workspace(Storage storage) implements AutoCloseable {
    /** Memory for {@code floats} floats, with undefined contents. */
    public static Workspace of(long floats) { return new Workspace(Device.CPU.allocate(floats * Float.BYTES)); }

    /** The numbers of a tensor of any floating type, as floats. */
    public static Workspace of(Tensor t) {
        Workspace w = of(t.count());
        ToFloat.row(t.dtype(), t.address(), Math.toIntExact(t.count()), w.at(0));
        return w;
    }

    /** Address of a float. */
    public long at(long index) { return storage.address() + index * Float.BYTES; }

    @Override public void close() { Device.CPU.release(storage); }

    /** The numbers of a small tensor of any floating type, as an array. */
    public static float[] floats(Tensor t) {
        float[] to = new float[Math.toIntExact(t.count())];
        ToFloat.row(t.dtype(), t.address(), to.length, to, 0);
        return to;
    }
}
