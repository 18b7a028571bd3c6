package dev.faithdiff.kernels.cuda;

import static dev.faithdiff.kernels.cuda.CudaError.check;

import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Pool;
import dev.faithdiff.tensor.Replay;
import dev.faithdiff.tensor.Storage;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.host.DiskCache;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/**
 * One GPU: its primary context, a pool of the driver's memory, pinned buffers for copies from and to the host, and one stream on which all work is
 * done in order, so that freed memory can be reused at once. Only weights that are loaded ahead of their use are copied on a second stream.
 *
 * <p>Every request of any thread takes the device's one lock, so no other thread's work is recorded in a capture.
 */
public final class CudaDevice implements Device, KernelEntry.Target {
    private static final int OUT_OF_MEMORY = 2;
    private static final ThreadLocal<CudaDevice> CURRENT = new ThreadLocal<>();

    /** A stream that tells its address. */
    private static final class Stream extends CUstream {
        long address() { return getNativePointer(); }
    }

    private final int index;
    private final ReentrantLock lock = new ReentrantLock();
    private final CUdevice device = new CUdevice();
    private final CUcontext context = new CUcontext();
    private final Stream stream = new Stream();
    private final Pool pool;
    private final Staging staging;
    private final DiskCache cache;
    private final CudaModules modules;
    private final ThreadLocal<Launch> launch = ThreadLocal.withInitial(Launch::new);
    private final int capability;
    private final String architecture;
    private Cublas cublas;
    private CublasLt cublasLt;
    private Cudnn cudnn;
    private CopyStream copies;
    private boolean capturing;

    /** Opens the device; the libraries are loaded. */
    public CudaDevice(int index) { this(index, new Nvrtc(), CudaLibraries.cache()); }

    CudaDevice(int index, CudaModules.Compiler compiler, DiskCache cache) {
        this.index = index;
        check(JCudaDriver.cuInit(0), "cuInit");
        check(JCudaDriver.cuDeviceGet(device, index), "opening " + name());
        check(JCudaDriver.cuDevicePrimaryCtxRetain(context, device), "making a context on " + name());
        capability = 10 * attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
                + attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
        use();
        check(JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING), "making a stream on " + name());
        // Freeing memory makes the driver wait for the GPU, and a graph needs its addresses: only a full device frees idle blocks.
        pool = new Pool(name(), this::take, this::free, this::driverFreeBytes,
                Long.getLong("faithdiff.pool.idle.bytes", Long.MAX_VALUE));
        staging = new Staging(this);
        this.cache = cache;
        architecture = CudaModules.target(capability, compiler);
        modules = new CudaModules(this, architecture, compiler, cache);
    }

    @Override public String name() { return "cuda:" + index; }

    @Override public String kind() { return "cuda"; }

    /** The stream of all computing on this device. */
    CUstream stream() { return stream; }

    long streamAddress() { return stream.address(); }

    CudaModules modules() { return modules; }

    /** cuBLAS on this device, opened at its first use. */
    public Cublas cublas() { return exclusive(() -> cublas == null ? cublas = new Cublas(this) : cublas); }

    /** cuBLASLt on this device, opened at its first use. */
    public CublasLt cublasLt() { return exclusive(() -> cublasLt == null ? cublasLt = new CublasLt(this, cache) : cublasLt); }

    /** cuDNN on this device, opened at its first use. */
    public Cudnn cudnn() { return exclusive(() -> cudnn == null ? cudnn = new Cudnn(this, cache) : cudnn); }

    private CopyStream copies() { return exclusive(() -> copies == null ? copies = new CopyStream(this) : copies); }

    /** Compute capability times ten: 90 on Hopper. */
    public int capability() { return capability; }

    /** What kernels are compiled for: {@code sm_90a}. */
    String architecture() { return architecture; }

    /** An attribute of the device. @param attribute one of {@link CUdevice_attribute} */
    int attribute(int attribute) {
        int[] value = {0};
        check(JCudaDriver.cuDeviceGetAttribute(value, attribute, device), "asking " + name() + " for attribute " + attribute);
        return value[0];
    }

    /** The model's name, for people. */
    public String model() {
        byte[] name = new byte[256];
        check(JCudaDriver.cuDeviceGetName(name, name.length, device), "asking " + name() + " for its name");
        int end = 0;
        while (end < name.length && name[end] != 0) end++;
        return new String(name, 0, end, StandardCharsets.US_ASCII);
    }

    /** Makes the device's context the thread's current one. */
    void use() {
        if (CURRENT.get() == this) return;
        check(JCudaDriver.cuCtxSetCurrent(context), "entering the context of " + name());
        CURRENT.set(this);
    }

    @Override public <T> T exclusive(Supplier<T> work) {
        lock.lock();
        try {
            use();
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    /** Makes a request to the driver with the device's {@linkplain #exclusive lock} held, in this device's context. */
    void request(Runnable request) {
        exclusive(() -> {
            request.run();
            return null;
        });
    }

    @Override public KernelEntry entry(String source, String entry, List<String> defines) {
        return new CudaEntry(this, modules.function(source, entry, defines), source + "." + entry);
    }

    @Override public Launch launch() { return launch.get(); }

    @Override public Storage allocate(long bytes) { return exclusive(() -> new Storage(this, pool.take(bytes), bytes, null)); }

    @Override public void release(Storage storage) { pool.give(storage.address(), storage.bytes()); }

    @Override public void upload(MemorySegment host, Storage to, long offset) {
        request(() -> {
            requireNotCapturing();
            staging.upload(host, to.address() + offset);
        });
    }

    @Override public void download(Storage from, long offset, MemorySegment host) {
        request(() -> {
            requireNotCapturing();
            staging.download(from.address() + offset, host);
        });
    }

    /** Copies within the device. */
    void copy(Tensor from, Tensor to) {
        request(() -> check(JCudaDriver.cuMemcpyDtoDAsync(Address.device(to.address()), Address.device(from.address()), from.bytes(), stream),
                "copying " + from + " on " + name()));
    }

    @Override public MemorySegment hostMemory(long bytes, Arena arena) { return exclusive(() -> copies().pin(bytes, arena)); }

    @Override public Runnable uploadAhead(MemorySegment host, Storage to) {
        return exclusive(() -> {
            requireNotCapturing();
            return copies().upload(host, to.address());
        });
    }

    @Override public Replay replay(Replay work) { return new CudaGraph(this, work); }

    /** Notes whether work is captured instead of done; for the thread that holds the lock. */
    void setCapturing(boolean on) { capturing = on; }

    boolean isCapturing() { return capturing; }

    private void requireNotCapturing() {
        if (capturing) throw new CudaError("work that is captured as a graph on " + name() + " must not wait for it or copy from or to the host");
    }

    @Override public void synchronize() {
        request(() -> {
            requireNotCapturing();
            check(JCudaDriver.cuStreamSynchronize(stream), "waiting for " + name());
        });
    }

    @Override public Pool pool() { return pool; }

    @Override public long freeBytes() { return driverFreeBytes() + pool.idleBytes(); }

    private long driverFreeBytes() { return memory()[0]; }

    /** Bytes of memory of the GPU, used or free. */
    public long totalBytes() { return memory()[1]; }

    /** Free and total bytes, as the driver sees them. */
    private long[] memory() {
        use();
        long[] free = {0}, total = {0};
        check(JCudaDriver.cuMemGetInfo(free, total), "asking " + name() + " for its memory");
        return new long[] {free[0], total[0]};
    }

    @Override public String toString() { return name(); }

    private long take(long bytes) {
        Address.NewDevice memory = new Address.NewDevice();
        int code = JCudaDriver.cuMemAlloc(memory, Math.max(bytes, 64));
        if (code == OUT_OF_MEMORY) return 0;
        check(code, "allocating " + bytes + " bytes on " + name());
        return memory.value();
    }

    /** The driver waits for the running work before it frees memory. */
    private void free(long address) {
        use();
        check(JCudaDriver.cuMemFree(Address.device(address)), "freeing memory on " + name());
    }
}
