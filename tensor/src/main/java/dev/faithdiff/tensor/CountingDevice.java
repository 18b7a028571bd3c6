package dev.faithdiff.tensor;

import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Op;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A device without memory, which only keeps the account of what was allocated: for what models of full size would hold and do. No kernel runs on it,
 * and what is read from it is zero. It may stand in for a device, whose kind it then has, so that the engine chooses among that one's kernels.
 */
public final class CountingDevice implements Device {
    /** Hears of work that was counted once and is done more often: {@link #replay}. */
    public interface Repeats {
        /** An op that observers saw once runs so many times more. */
        void again(Op op, Tensor[] in, Tensor out, String kernel, long times);
    }

    private final String kind;
    private final Pool pool;
    private Repeats repeats;
    private long next = 64, capacity = Long.MAX_VALUE, mappedBytes;

    /** Its peak is what was in use, since nothing idle is kept. */
    public CountingDevice(String kind) { this(kind, 0); }

    private CountingDevice(String kind, long idleLimit) {
        this.kind = kind;
        pool = new Pool(name(), this::fresh, address -> {}, this::freeBytes, idleLimit);
    }

    /**
     * What stands in for a device. It has the memory that is free there, and lends more, so that all is counted. On the CPU it keeps as much of it
     * idle. What is replayed is counted once.
     */
    public static CountingDevice of(Device real, Repeats repeats) {
        CountingDevice d = new CountingDevice(real.kind(), real == CPU ? Pool.IDLE_LIMIT : 0);
        d.repeats = repeats;
        d.capacity = real.freeBytes();
        return d;
    }

    /** The same where only memory and shapes are of interest, and nobody hears of the ops. */
    public static CountingDevice of(Device real) { return of(real, (op, in, out, kernel, times) -> {}); }

    /** From now on it has so much memory, as a card of a size has. */
    public void capacity(long bytes) { capacity = bytes; }

    @Override public long freeBytes() { return capacity == Long.MAX_VALUE ? capacity : Math.max(0, capacity - pool.usedBytes()); }

    /** Storage of a mapped file, which takes none of this memory. */
    public Storage mapped(long bytes) { return new Storage(this, 0, bytes, null); }

    /** Says that so many bytes of a mapped file are in host memory while they are used. */
    public void maps(long bytes) { mappedBytes += bytes; }

    /** What mapped files take of the host's memory. */
    public long mappedBytes() { return mappedBytes; }

    /** Addresses are multiples of 64, as on other devices; 0 if it is full. */
    private synchronized long fresh(long bytes) {
        if (repeats == null && bytes > freeBytes()) return 0;
        long address = next;
        next += (bytes + 63) / 64 * 64;
        return address;
    }

    @Override public String name() { return kind + ":0"; }

    @Override public String kind() { return kind; }

    @Override public boolean computes() { return false; }

    @Override public Storage allocate(long bytes) { return new Storage(this, pool.take(bytes), bytes, null); }

    @Override public void release(Storage s) { pool.give(s.address(), s.bytes()); }

    @Override public void upload(MemorySegment host, Storage to, long offset) {}

    @Override public void download(Storage from, long offset, MemorySegment host) { host.fill((byte) 0); }

    @Override public Pool pool() { return pool; }

    @Override public Replay replay(Replay work) { return repeats == null ? work : new Counted(work); }

    private record Ran(Op op, Tensor[] in, Tensor out, String kernel) {}

    /** What work did for inputs of some shapes when it was done again, and how often it was asked for since. */
    private static final class Count {
        final List<Ran> ops = new ArrayList<>();
        Shape shape;
        DType dtype;
        long times;
    }

    /** Runs for inputs of the same shapes twice, since the first run may prepare what later ones use. The others count at the end. */
    private final class Counted implements Replay {
        private final Replay work;
        private final Map<String, Count> counts = new HashMap<>();

        Counted(Replay work) { this.work = work; }

        @Override public Tensor run(Tensor... in) {
            String shapes = Arrays.toString(Arrays.stream(in).map(t -> t.dtype() + "" + t.shape()).toArray());
            if (!counts.containsKey(shapes)) {
                counts.put(shapes, null);
                return work.run(in);
            }
            Count c = counts.get(shapes);
            if (c != null) {
                c.times++;
                return Tensor.empty(CountingDevice.this, c.dtype, c.shape);
            }
            Count again = new Count();
            Tensor out = Engine.observed((op, operands, result, kernel, nanos) -> again.ops.add(new Ran(op, operands, result, kernel)),
                    () -> work.run(in));
            again.shape = out.shape();
            again.dtype = out.dtype();
            counts.put(shapes, again);
            return out;
        }

        @Override public void close() {
            for (Count c : counts.values()) if (c != null) c.ops.forEach(r -> repeats.again(r.op, r.in, r.out, r.kernel, c.times));
            counts.clear();
            work.close();
        }
    }
}
