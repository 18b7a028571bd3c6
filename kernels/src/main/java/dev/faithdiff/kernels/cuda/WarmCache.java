package dev.faithdiff.kernels.cuda;

import dev.faithdiff.kernels.CudaBackend;
import dev.faithdiff.kernels.lab.Bench;
import dev.faithdiff.kernels.lab.Case;
import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.tensor.CountingDevice;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Pool;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Storage;
import dev.faithdiff.tensor.Tensor;
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
public final class WarmCache implements Device, KernelEntry.Target {
    private static final String KIND = "compiling";

    private final CountingDevice memory = new CountingDevice(KIND);
    private final CudaModules.Compiler compiler;
    private final DiskCache cache;
    private final String architecture;
    private final Set<String> done = new HashSet<>();
    private final Launch launch = new Launch();

    WarmCache(CudaModules.Compiler compiler, DiskCache cache, String architecture) {
        this.compiler = compiler;
        this.cache = cache;
        this.architecture = architecture;
    }

    /** @param arguments a folder, and an architecture such as {@code sm_90a} */
    public static void main(String[] arguments) throws IOException {
        LibrarySearch search = LibrarySearch.of(System.getProperty("faithdiff.cuda.libraries"), System.getenv(), Path.of(System.getProperty("user.home")));
        int major = CudaLibraries.compiler(search, 13) != null ? 13 : CudaLibraries.compiler(search, 12) != null ? 12 : 0;
        if (major == 0) {
            System.out.println("no NVRTC was found: nothing is compiled");
            return;
        }
        CudaLibraries.loadNatives(major, "jcuda.nvrtc.JNvrtc");
        Nvrtc nvrtc = new Nvrtc();
        WarmCache warm = new WarmCache(nvrtc, new DiskCache(Path.of(arguments[0])), arguments[1]);
        System.out.println(warm.fill() + " kernels were compiled by " + nvrtc.version() + " for " + arguments[1]);
    }

    /** Compiles what the laboratory's cases need. @return how many sources, each with its types */
    int fill() {
        for (Kernel<?> k : new CudaBackend().kernels()) {
            if (!(k instanceof CudaKernel<?>)) continue;
            for (Case c : Cases.all()) if (c.op().getClass() == k.op() && Bench.refusal(k, c, this) == null) compile(k, c);
        }
        return done.size();
    }

    @SuppressWarnings("unchecked")
    private <O extends Op> void compile(Kernel<O> kernel, Case c) {
        try (Scope _ = Scope.open()) {
            Tensor[] in = c.outline(this);
            kernel.run((O) c.op(), in, Tensor.empty(this, c.op().dtype(in), c.op().shape(in)));
        } catch (ClassCastException | OpError e) {
            // It goes on with a library or with another op, which only a GPU has.
        }
    }

    @Override public KernelEntry entry(String source, String entry, List<String> defines) {
        if (done.add(source + defines)) CudaModules.code(source, defines, architecture, compiler, cache);
        return launch -> { };
    }

    @Override public Launch launch() { return launch; }

    @Override public String name() { return memory.name(); }

    @Override public String kind() { return KIND; }

    @Override public Storage allocate(long bytes) { return new Storage(this, memory.pool().take(bytes), bytes, null); }

    @Override public void release(Storage s) { memory.pool().give(s.address(), s.bytes()); }

    @Override public void upload(MemorySegment host, Storage to, long offset) { }

    @Override public void download(Storage from, long offset, MemorySegment host) { }

    @Override public Pool pool() { return memory.pool(); }
}
