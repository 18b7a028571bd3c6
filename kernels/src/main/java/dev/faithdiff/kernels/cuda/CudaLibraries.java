package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.host.DiskCache;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds the NVIDIA driver and the libraries of CUDA 12 or 13, opens them in the order of their dependencies, and loads JCuda's native libraries,
 * adapted for CUDA 13 where needed. Describes in a sentence what was found or what is missing.
 */
public final class CudaLibraries {
    private static final String GUIDE = "; docs/cuda.md says where libraries are looked for";
    private static final String JCUDA = "12.6.0";
    private static final int OLDEST = 12, NEWEST = 13;
    static final String[] CLASSES = {"jcuda.driver.JCudaDriver", "jcuda.jcublas.JCublas2", "jcuda.jcudnn.JCudnn", "jcuda.nvrtc.JNvrtc"};

    /** Searched once, when first asked. */
    private static final class Once {
        private static final CudaLibraries FOUND = new CudaLibraries(LibrarySearch.of(System.getProperty("faithdiff.cuda.libraries"),
                System.getenv(), Path.of(System.getProperty("user.home"))));
    }

    private final String missing;
    private final List<String> versions = new ArrayList<>();
    private int devices;

    /** The libraries of this machine, looked for at the first call. */
    public static CudaLibraries found() { return Once.FOUND; }

    /** Compiled kernels: {@code -Dfaithdiff.cuda.cache}, else in the user's cache folder. */
    static DiskCache cache() { return DiskCache.of("faithdiff.cuda.cache", "cuda"); }

    CudaLibraries(LibrarySearch search) {
        String reason;
        try {
            reason = load(search);
        } catch (LinkageError | IOException | CudaError e) {
            reason = "JCuda's native libraries cannot be loaded: " + e.getMessage();
        }
        missing = reason == null ? null : reason + GUIDE;
    }

    /** What is missing, as a sentence; null if nothing is. */
    public String missing() { return missing; }

    /** Number of GPUs that the driver sees, whatever else is missing. */
    public int devices() { return devices; }

    /** The libraries in use and their versions. */
    public String sentence() { return String.join(", ", versions); }

    private String load(LibrarySearch search) throws IOException {
        if (!System.getProperty("os.name").equals("Linux") || !System.getProperty("os.arch").equals("amd64")) {
            return "JCuda's native libraries are for Linux on x86-64";
        }
        LibrarySearch.Opened driver = search.open("libcuda.so.1");
        if (driver == null) return withoutDriver(search);
        int code = call(driver.symbols(), "cuInit", 0);
        if (code == 100) return "the NVIDIA driver sees no GPU";
        if (code != 0) return "the NVIDIA driver does not start (cuInit returned " + code + ")";
        int driverVersion = ask(driver.symbols(), "cuDriverGetVersion");
        devices = ask(driver.symbols(), "cuDeviceGetCount");
        if (devices == 0) return "the NVIDIA driver sees no GPU";
        versions.add("driver for CUDA " + driverVersion / 1000 + "." + driverVersion % 1000 / 10);
        return libraries(search, driverVersion / 1000);
    }

    /** Looks at file names only: nothing is opened or unpacked where there is no GPU. */
    private static String withoutDriver(LibrarySearch search) {
        int major = search.complete(NEWEST);
        if (major == 0 && RedistJar.isOn(CudaLibraries.class.getClassLoader())) major = RedistJar.CUDA;
        return major == 0 ? "no NVIDIA driver was found (libcuda.so.1)"
                : "the libraries of CUDA " + major + " are here, but no NVIDIA driver (libcuda.so.1)";
    }

    /** cuBLAS and NVRTC of one CUDA; null: not found. */
    private record Pair(int major, LibrarySearch.Opened blas, LibrarySearch.Opened compiler) {
        static Pair open(LibrarySearch search, int major) {
            LibrarySearch.Opened blas = search.open("libcublasLt.so." + major) == null ? null : search.open("libcublas.so." + major);
            return new Pair(major, blas, CudaLibraries.compiler(search, major));
        }

        int parts() { return (blas == null ? 0 : 1) + (compiler == null ? 0 : 1); }
    }

    private String libraries(LibrarySearch search, int driverMajor) throws IOException {
        if (driverMajor < OLDEST) return "the NVIDIA driver is for CUDA " + driverMajor + ", CUDA 12 or 13 is needed";
        int newest = Math.min(driverMajor, NEWEST);
        if (search.complete(newest) == 0) {
            Path jar = RedistJar.unpacked(CudaLibraries.class.getClassLoader(), cache().folder());
            if (jar != null) search = search.with(jar);
        }
        Pair pair = Pair.open(search, newest);
        for (int m = newest - 1; m >= OLDEST && pair.parts() < 2; m--) {
            Pair older = Pair.open(search, m);
            if (older.parts() > pair.parts()) pair = older;
        }
        List<String> lacking = new ArrayList<>();
        String either = newest == OLDEST ? ".so.12" : ".so.13 or .so.12";
        if (pair.blas == null) lacking.add("cuBLAS (libcublasLt and libcublas" + either + ")");
        if (pair.compiler == null) lacking.add("NVRTC (libnvrtc" + either + ")");
        LibrarySearch.Opened dnn = search.open("libcudnn.so.9");
        if (dnn == null) lacking.add("cuDNN (libcudnn.so.9)");
        if (!lacking.isEmpty()) return "a GPU is here, but not " + String.join(", ", lacking);
        // Its name does not tell which CUDA it is for, and an older CUDA may be complete beside parts of a newer one.
        int made = (int) (count(dnn.symbols(), "cudnnGetCudartVersion") / 1000);
        Pair fitting = made >= OLDEST && made <= newest && made != pair.major ? Pair.open(search, made) : pair;
        if (fitting.parts() == 2) pair = fitting;
        if (made != pair.major) return "cuDNN is for CUDA " + made + ", cuBLAS for CUDA " + pair.major + ": they must fit";
        versions.add(named("cuBLAS", property(pair.blas.symbols()), pair.blas));
        versions.add(named("NVRTC", nvrtc(pair.compiler.symbols()), pair.compiler));
        long v = count(dnn.symbols(), "cudnnGetVersion");
        versions.add(named("cuDNN", v / 10000 + "." + v / 100 % 100 + "." + v % 100, dnn));
        loadNatives(pair.major, CLASSES);
        return null;
    }

    /** NVRTC asks the loader for its built-in functions by name, so they are opened first. */
    static LibrarySearch.Opened compiler(LibrarySearch search, int major) {
        Path file = search.find("libnvrtc.so." + major);
        if (file != null) search.openBeside(new LibrarySearch.Opened("", file, null), "libnvrtc-builtins.so." + major + ".*");
        return search.open("libnvrtc.so." + major);
    }

    private static String named(String name, String version, LibrarySearch.Opened o) {
        return name + " " + version + (o.path() == null ? "" : " (" + o.path().getParent() + ")");
    }

    /**
     * Loads JCuda's native libraries. JCuda looks for them in the folder {@code java.io.tmpdir}, and has no other way to name the folder, so the
     * property is changed while it loads, once in a process; Java's own temporary files do not follow it. A private folder keeps others from
     * placing files there, and holds other files for CUDA 13.
     *
     * @param classes of JCuda; all but NVRTC's need a driver
     */
    static void loadNatives(int major, String... classes) throws IOException {
        Path folder = Files.createTempDirectory("faithdiff-cuda");
        String before = System.getProperty("java.io.tmpdir");
        try {
            for (String c : classes) {
                String name = c.substring(c.lastIndexOf('.') + 1), file = "lib" + name + "-" + JCUDA + "-linux-x86_64.so";
                Files.write(folder.resolve(file), adapted(name, file, major));
            }
            System.setProperty("java.io.tmpdir", folder.toString());
            for (String c : classes) Class.forName(c);
        } catch (ClassNotFoundException e) {
            throw new CudaError(e.getMessage() + " is not on the class path");
        } finally {
            System.setProperty("java.io.tmpdir", before);
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
                for (Path f : files) Files.delete(f);
            }
            Files.delete(folder);
        }
    }

    private static byte[] adapted(String name, String file, int major) throws IOException {
        try (InputStream in = CudaLibraries.class.getResourceAsStream("/lib/" + file)) {
            if (in == null) throw new CudaError(file + " is not on the class path");
            byte[] library = in.readAllBytes();
            String needs = switch (name) {
                case "JNvrtc" -> "libnvrtc.so.";
                case "JCublas2" -> "libcublas.so.";
                default -> null;
            };
            return needs == null || major == 12 ? library : ElfNames.rename(library, needs + 12, needs + major);
        }
    }

    // ---- calls of libraries before JCuda may load them

    private static int call(SymbolLookup in, String name, int argument) {
        try {
            MethodHandle f = function(in, name, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
            return (int) f.invokeExact(argument);
        } catch (Throwable e) {
            throw failed(name, e);
        }
    }

    /** The value that a function writes to its one argument, an int. */
    private static int ask(SymbolLookup in, String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
            int code = (int) function(in, name, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS)).invokeExact(value);
            if (code != 0) throw new CudaError(name + " returned " + code);
            return value.get(ValueLayout.JAVA_INT, 0);
        } catch (Throwable e) {
            throw failed(name, e);
        }
    }

    private static long count(SymbolLookup in, String name) {
        try {
            return (long) function(in, name, FunctionDescriptor.of(ValueLayout.JAVA_LONG)).invokeExact();
        } catch (Throwable e) {
            throw failed(name, e);
        }
    }

    private static String property(SymbolLookup blas) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
            MethodHandle f = function(blas, "cublasGetProperty",
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
            StringBuilder version = new StringBuilder();
            for (int part = 0; part < 3; part++) {
                int code = (int) f.invokeExact(part, value);
                if (code != 0) throw new CudaError("cublasGetProperty returned " + code);
                version.append(part == 0 ? "" : ".").append(value.get(ValueLayout.JAVA_INT, 0));
            }
            return version.toString();
        } catch (Throwable e) {
            throw failed("cublasGetProperty", e);
        }
    }

    private static String nvrtc(SymbolLookup compiler) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment version = arena.allocate(ValueLayout.JAVA_INT, 2);
            MethodHandle f = function(compiler, "nvrtcVersion",
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
            int code = (int) f.invokeExact(version, version.asSlice(4));
            if (code != 0) throw new CudaError("nvrtcVersion returned " + code);
            return version.getAtIndex(ValueLayout.JAVA_INT, 0) + "." + version.getAtIndex(ValueLayout.JAVA_INT, 1);
        } catch (Throwable e) {
            throw failed("nvrtcVersion", e);
        }
    }

    private static MethodHandle function(SymbolLookup in, String name, FunctionDescriptor type) {
        return Linker.nativeLinker().downcallHandle(in.find(name).orElseThrow(() -> new CudaError("has no function " + name)), type);
    }

    private static CudaError failed(String name, Throwable e) {
        return e instanceof CudaError c ? c : new CudaError(name + " cannot be called: " + e.getMessage());
    }
}
