package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.CountingDevice;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Pool;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Storage;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.host.DiskCache;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A device that only compiles: our kernels for a GPU that is not here, into a folder that a program on its host takes as its cache. They serve it if
 * its NVRTC has the version of this machine's.
 */
public final class CompilingDevice implements Device, KernelEntry.Target {
    private final CountingDevice memory = new CountingDevice("compiling");
    private final CudaModules.Compiler compiler;
    private final DiskCache cache;
    private final String architecture;
    private final Set<String> done = new HashSet<>();
    private final Launch launch = new Launch();

    CompilingDevice(CudaModules.Compiler compiler, Path folder, String architecture) {
        this.compiler = compiler;
        this.architecture = architecture;
        cache = new DiskCache(folder);
    }

    /** By the NVRTC of this machine; null if there is none. @param architecture such as {@code sm_90a} */
    public static CompilingDevice open(Path folder, String architecture) throws IOException {
        Path home = Path.of(System.getProperty("user.home"));
        LibrarySearch search = LibrarySearch.of(System.getProperty("faithdiff.cuda.libraries"), System.getenv(), home);
        int major = CudaLibraries.compiler(search, 13) != null ? 13 : CudaLibraries.compiler(search, 12) != null ? 12 : 0;
        if (major == 0) return null;
        CudaLibraries.loadNatives(major, "jcuda.nvrtc.JNvrtc");
        return new CompilingDevice(new Nvrtc(), folder, architecture);
    }

    /** Compiles what a kernel would launch for these operands, which need no memory. @throws CudaError if a source has errors */
    @SuppressWarnings("unchecked")
    public <O extends Op> void compile(Kernel<O> kernel, Op op, Tensor[] in) {
        try (Scope _ = Scope.open()) {
            kernel.run((O) op, in, Tensor.empty(this, op.dtype(in), op.shape(in)));
        }
    }

    /** How many sources were compiled, each with its types, by which compiler. */
    public String done() { return done.size() + " kernels by " + compiler.version() + " for " + architecture; }

    @Override public KernelEntry entry(String source, String entry, List<String> defines) {
        if (done.add(source + defines)) CudaModules.code(source, defines, architecture, compiler, cache);
        return _ -> { };
    }

    @Override public Launch launch() { return launch; }

    @Override public String name() { return memory.name(); }

    @Override public String kind() { return memory.kind(); }

    @Override public Storage allocate(long bytes) { return new Storage(this, memory.pool().take(bytes), bytes, null); }

    @Override public void release(Storage s) { memory.pool().give(s.address(), s.bytes()); }

    @Override public void upload(MemorySegment host, Storage to, long offset) { }

    @Override public void download(Storage from, long offset, MemorySegment host) { }

    @Override public Pool pool() { return memory.pool(); }
}
