package dev.faithdiff.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.host.DiskCache;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A fake CUDA device for a separate JVM: driver, cuBLAS, cuDNN and NVRTC are stand-ins, built from C where gcc is found. It checks the order,
 * arguments and lifetimes of calls, but not what a GPU computes.
 */
public final class StandIn {
    private final Path folder;

    /** Builds the libraries in a folder. */
    public StandIn(Path folder) throws Exception {
        this.folder = folder;
        for (String file : List.of("cuda.c", "cublas.c", "cublaslt.c", "cudnn.c", "cudnn_graph.c", "nvrtc.c", "numbers.h")) {
            resource("/standin/" + file, folder.resolve(file));
        }
        new HostCompiler(folder);
        // Symbols of the driver have no versions, those of the libraries have. The libraries find the driver's memory in the driver.
        gcc(folder, "-shared", "-fPIC", "-O2", "-Wl,-soname,libcuda.so.1", "-o", "libcuda.so.1", "cuda.c", "-ldl");
        build("cudnn.c", "libcudnn.so.9", 12);
        addCuda(12);
    }

    /** Builds cuBLAS and NVRTC of another CUDA version beside the others. */
    public void addCuda(int major) throws Exception {
        build("cublaslt.c", "libcublasLt.so." + major, major);
        build("cublas.c", "libcublas.so." + major, major);
        build("nvrtc.c", "libnvrtc.so." + major, major);
    }

    private void build(String source, String library, int major) throws Exception {
        Files.writeString(folder.resolve("versions"), library + " { global: *; };");
        gcc(folder, "-shared", "-fPIC", "-O2", "-DCUDA=" + major, "-Wl,-soname," + library, "-Wl,--version-script=versions", "-o", library, source,
                "libcuda.so.1", "-lm");
    }

    /** Exit code and output of a run, and the calls that the driver received. */
    public record Ran(int code, String output, List<String> calls) {}

    /** Runs a class's main, which must succeed, and returns the calls that the driver received. */
    public List<String> run(Class<?> main, List<String> options, Map<String, String> environment, String... arguments) throws Exception {
        Ran ran = runAny(main, options, environment, arguments);
        assertThat(ran.code).as(ran.output).isZero();
        System.out.print(ran.output);
        assertThat(ran.calls).noneMatch(c -> c.startsWith("BAD"));
        return ran.calls;
    }

    /** Runs a class's main. */
    public Ran runAny(Class<?> main, List<String> options, Map<String, String> environment, String... arguments) throws Exception {
        Path output = folder.resolve("output"), calls = folder.resolve("calls");
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-Xmx512m", "-Dfaithdiff.cuda.libraries=" + folder));
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        Files.deleteIfExists(calls);
        builder.environment().put("CUDA_STANDIN_LOG", calls.toString());
        builder.environment().put("CUDA_STANDIN_FOLDER", folder.toString());
        builder.environment().put("CUDA_STANDIN_KERNELS", HostCompiler.KERNELS.toString());
        builder.environment().putAll(environment);
        builder.environment().remove("LD_LIBRARY_PATH");
        Process process = builder.start();
        boolean ended = process.waitFor(600, TimeUnit.SECONDS);
        if (!ended) process.destroyForcibly();
        assertThat(ended).as(Files.readString(output)).isTrue();
        return new Ran(process.exitValue(), Files.readString(output), Files.exists(calls) ? Files.readAllLines(calls) : List.of());
    }

    /** In that JVM: loads the libraries. @param cache any folder */
    static void load(Path cache) throws IOException {
        LibrarySearch search = LibrarySearch.of(System.getProperty("faithdiff.cuda.libraries"), System.getenv(), cache);
        for (String file : List.of("libcuda.so.1", "libcublasLt.so.12", "libcublas.so.12", "libcudnn.so.9", "libnvrtc.so.12")) {
            assertThat(search.open(file).path()).isNotNull();
        }
        CudaLibraries.loadNatives(12, CudaLibraries.CLASSES);
    }

    /** In that JVM: adds a line to the driver's calls. */
    static void note(String line) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment note = SymbolLookup.libraryLookup("libcuda.so.1", Arena.global()).find("standin_note").orElseThrow();
            Linker.nativeLinker().downcallHandle(note, FunctionDescriptor.ofVoid(ValueLayout.ADDRESS)).invoke(arena.allocateFrom(line));
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** What a file of a {@link DiskCache} holds, a character for each byte. */
    static String kept(Path file) throws IOException {
        String all = Files.readString(file, StandardCharsets.ISO_8859_1);
        return all.substring(0, all.lastIndexOf('\n'));
    }

    /** Lets such a file hold something else, as if it had been kept. */
    static void keep(Path file, String content) throws IOException {
        String sum = HexFormat.of().formatHex(DiskCache.sha256(content.getBytes(StandardCharsets.ISO_8859_1)));
        Files.writeString(file, content + "\n" + sum, StandardCharsets.ISO_8859_1);
    }

    /**
     * In that JVM, with CUDA_STANDIN_NEAR in its environment: a device that runs our kernels, compiled for the host by the stand-in of NVRTC.
     *
     * @param cache an empty folder
     */
    public static Device open(Path cache) throws IOException {
        load(cache);
        return new CudaDevice(0, new Nvrtc(), new DiskCache(cache));
    }

    /** Skips the test if our kernels cannot be compiled for the host. */
    public static void requireCompiler() {
        assumeTrue(HostCompiler.unavailable() == null, () -> "CUDA sources are not emulated: " + HostCompiler.unavailable());
    }

    static void gcc(Path folder, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("gcc"));
        command.addAll(List.of(arguments));
        Process process;
        try {
            process = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true).start();
        } catch (IOException e) {
            assumeTrue(false, "no gcc here to build the stand-in with");
            return;
        }
        String said = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(said).isZero();
    }

    private static void resource(String name, Path to) throws IOException {
        try (InputStream in = StandIn.class.getResourceAsStream(name)) {
            Files.copy(in, to);
        }
    }
}
