package dev.faithdiff;

import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Pool;
import dev.faithdiff.tensor.Storage;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Backend;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A device that computes as the CPU does and is not the CPU: tensors of both do not mix, and the host reads its memory by copies only, as with
 * a GPU. It shows that a model runs on a device of its own; it says nothing about a GPU.
 */
public final class SecondBackend implements Backend {
    private static final class Second implements Device {
        private final Map<Long, Storage> memory = new ConcurrentHashMap<>();

        @Override public String name() { return "second:0"; }

        @Override public String kind() { return "second"; }

        @Override public Storage allocate(long bytes) {
            Storage host = CPU.allocate(bytes);
            memory.put(host.address(), host);
            return new Storage(this, host.address(), bytes, null);
        }

        @Override public void release(Storage storage) { CPU.release(memory.remove(storage.address())); }

        @Override public void upload(MemorySegment host, Storage to, long offset) { host(to).asSlice(offset, host.byteSize()).copyFrom(host); }

        @Override public void download(Storage from, long offset, MemorySegment host) { host.copyFrom(host(from).asSlice(offset, host.byteSize())); }

        private MemorySegment host(Storage s) { return memory.get(s.address()).segment(); }

        @Override public Pool pool() { return CPU.pool(); }

        /** The same elements as a tensor of the CPU. */
        Tensor onHost(Tensor t) {
            Storage whole = memory.get(t.storage().address());
            return new Tensor(whole, t.address() - whole.address(), t.shape(), t.dtype(), t.label());
        }
    }

    private record OnHost<O extends Op>(Class<O> op) implements Kernel<O> {
        @Override public void run(O op, Tensor[] in, Tensor out) {
            Second device = (Second) out.device();
            Tensor[] host = new Tensor[in.length];
            for (int i = 0; i < in.length; i++) host[i] = device.onHost(in[i]);
            Engine.update(op, device.onHost(out), host);
        }
    }

    private final Device device = new Second();

    @Override public String kind() { return "second"; }

    @Override public String unavailable() { return null; }

    @Override public int count() { return 1; }

    @Override public Device open(int index) { return device; }

    @Override public String describe(int index) { return "computes as the CPU does"; }

    @Override public List<Kernel<?>> kernels() {
        List<Kernel<?>> all = new ArrayList<>();
        for (Class<? extends Op> op : Op.all()) all.add(new OnHost<>(op));
        return all;
    }
}
