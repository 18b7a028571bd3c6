package dev.faithdiff.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.faithdiff.kernels.cuda.GraphPattern.Attention;
import dev.faithdiff.kernels.cuda.GraphPattern.Convolution;
import dev.faithdiff.kernels.cuda.GraphPattern.Product;
import dev.faithdiff.kernels.cuda.GraphPattern.ScaledConvolution;
import dev.faithdiff.kernels.cuda.GraphPattern.ScaledProduct;
import dev.faithdiff.kernels.cuda.GraphPattern.Then;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.op.Conv2dOp;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import jcuda.jcudnn.JCudnn;

/**
 * The real cuDNN in a JVM of its own, on a driver that is none: it chooses and compiles plans for GPUs that are only described. Nothing runs. Where
 * no cuDNN of 9.13 or newer is found, tests are skipped.
 */
public final class StandInPlans {
    /** A device and cuDNN's description of it: A100, H200, B200. */
    private record Described(String architecture, String json) {
        static List<Described> all() throws IOException {
            return new String(resource("devices.txt"), StandardCharsets.UTF_8).lines()
                    .map(l -> new Described(l.substring(0, l.indexOf(' ')), l.substring(l.indexOf(' ') + 1))).toList();
        }
    }

    private static final int TOO_OLD = 77, SECONDS = 1800;

    private StandInPlans() {}

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = StandInPlans.class.getResourceAsStream("/standin/" + name)) {
            return in.readAllBytes();
        }
    }

    /** Runs a class's main in such a JVM. @param folder an empty one */
    public static void run(Path folder, Class<?> main, String... arguments) throws Exception {
        String asked = System.getProperty("faithdiff.cuda.libraries");
        LibrarySearch search = LibrarySearch.of(asked, System.getenv(), Path.of(System.getProperty("user.home")));
        assumeTrue(search.complete(13) > 0, "cuDNN, cuBLAS and NVRTC were not found: no plans are made");
        Files.write(folder.resolve("deviceless.c"), resource("deviceless.c"));
        StandIn.gcc(folder, "-shared", "-fPIC", "-Wl,-soname,libcuda.so.1", "-o", "libcuda.so.1", "deviceless.c");
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--add-modules",
                "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-Dfaithdiff.cuda.libraries=" + folder
                + (asked == null ? "" : File.pathSeparator + asked), "-Dfaithdiff.home=" + System.getProperty("faithdiff.home"), "-cp",
                System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        Path output = folder.resolve("output");
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().put("CUDA_STANDIN_LOG", folder.resolve("calls").toString());
        Process process = builder.start();
        boolean ended = process.waitFor(SECONDS, TimeUnit.SECONDS);
        if (!ended) process.destroyForcibly();
        String said = Files.readString(output);
        System.out.print(said);
        assumeTrue(!ended || process.exitValue() != TOO_OLD, said);
        assertThat(ended && process.exitValue() == 0).as(said).isTrue();
    }

    /** In that JVM: opens cuDNN, or ends it where cuDNN is too old. */
    public static void open() throws IOException {
        LibrarySearch search = LibrarySearch.of(System.getProperty("faithdiff.cuda.libraries"), System.getenv(),
                Path.of(System.getProperty("user.home")));
        int major = search.complete(13);
        assertThat(search.open("libcuda.so.1").path()).isNotNull();
        CudaLibraries.compiler(search, major);
        for (String file : List.of("libcublasLt.so." + major, "libcublas.so." + major, "libcudnn.so.9")) {
            assertThat(search.open(file)).as(file).isNotNull();
        }
        CudaLibraries.loadNatives(major, "jcuda.jcudnn.JCudnn");
        if (JCudnn.cudnnGetVersion() >= 91300) return;
        System.out.println("cuDNN " + JCudnn.cudnnGetVersion() + " is older than 9.13: no plans are made");
        System.exit(TOO_OLD);
    }

    /**
     * In that JVM: fails unless cuDNN offers an engine for each pattern on each device.
     *
     * @param compiled which of them are made into plans, and read back from what would be kept on disk
     */
    public static void prove(Collection<GraphPattern> patterns, Collection<GraphPattern> compiled, String... architectures) throws IOException {
        List<String> missing = new ArrayList<>();
        Path calls = Path.of(System.getenv("CUDA_STANDIN_LOG"));
        for (Described device : Described.all()) {
            if (!List.of(architectures).contains(device.architecture)) continue;
            CudnnTarget target = new CudnnTarget(device.json);
            for (GraphPattern p : patterns) {
                // Ampere has no F8
                if ((p instanceof ScaledProduct || p instanceof ScaledConvolution) && device.architecture.equals("sm_80")) continue;
                Files.writeString(calls, "");
                long begin = System.nanoTime();
                String found = find(p, target, compiled.contains(p));
                if (found == null) missing.add(device.architecture + " " + p);
                List<String> kernels = new ArrayList<>(new LinkedHashSet<>(Files.readAllLines(calls)));
                if (compiled.contains(p)) {
                    System.out.printf("%s %s: %s %s, %.2f s%n", device.architecture, p, found, kernels, (System.nanoTime() - begin) / 1e9);
                }
            }
            System.out.println(device.architecture + ": " + patterns.size() + " patterns");
        }
        assertThat(missing).as("patterns without a plan").isEmpty();
    }

    /** One of the patterns that differ in nothing but sizes: the first. */
    public static Collection<GraphPattern> ofEachKind(Collection<GraphPattern> patterns) {
        Map<String, GraphPattern> kinds = new LinkedHashMap<>();
        for (GraphPattern p : patterns) {
            String kind = p.toString().replaceAll("\\b(batch|m|n|k|rows|heads|queries|keys|rowsOfQ|rowsOfK)=\\d+", "")
                    .replaceAll("\\b(x|y|addend)=\\[[^]]*]", "$1").replaceAll("w=\\[\\d+, (\\d+), (\\d+), \\d+]", "w $1 $2");
            kinds.putIfAbsent(kind, p);
        }
        return kinds.values();
    }

    private static String find(GraphPattern p, CudnnTarget target, boolean compile) {
        try (CudnnGraph graph = new CudnnGraph()) {
            p.describe(graph);
            CudnnDescriptor finished = graph.graph(target);
            List<CudnnDescriptor> offered = CudnnPlan.configurations(finished, target, CudnnPlan.HEURISTICS_A, 4);
            if (!compile) return offered.stream().anyMatch(CudnnPlan::isExact) ? "" : null;
            List<CudnnPlan> plans = CudnnPlan.ranked(finished, target, 1, 0);
            if (plans.isEmpty()) return null;
            CudnnPlan restored = CudnnPlan.restored(plans.getFirst().text(), target);
            assertThat(restored).as("what is kept of " + p).isNotNull();
            assertThat(restored.workspace()).isEqualTo(plans.getFirst().workspace());
            return plans.getFirst().text().length + " bytes, " + restored.workspace() + " of scratch memory";
        }
    }

    /** Each kind of pattern, at shapes of SDXL's U-Net and VAE. */
    public static void main(String[] arguments) throws IOException {
        open();
        DType half = DType.F16;
        List<GraphPattern> patterns = new ArrayList<>(List.of(
                new Attention(half, 2, 10, 4096, 4096, 64, 1920, 1920), new Attention(half, 2, 20, 1024, 77, 64, 1280, 1280),
                new Attention(half, 1, 1, 16384, 16384, 512, 512, 512),
                Product.linear(half, 2048, 1280, 1280, true, Then.NOTHING), Product.linear(half, 2048, 1280, 5120, true, Then.ADD),
                Product.linear(half, 8192, 2560, 640, true, Then.GATE), Product.linear(half, 8192, 1920, 640, false, Then.NOTHING),
                new Product(half, 2, 1024, 512, 1024, false, false, false, Then.NOTHING),
                new ScaledProduct(half, 2048, 1280, 1280, true, true, Then.NOTHING),
                new ScaledProduct(half, 2048, 1280, 1280, false, true, Then.NOTHING), new ScaledProduct(half, 2048, 1280, 5120, true, true, Then.ADD),
                new ScaledProduct(half, 2048, 5120, 1280, true, true, Then.GATE)));
        Conv2dOp same = new Conv2dOp(1, 1, 1, 1, 1);
        Shape x = Shape.of(2, 64, 64, 640), w = Shape.of(640, 3, 3, 640);
        for (Shape addend : new Shape[] {null, Shape.of(2, 1, 1, 640), x}) patterns.add(new Convolution(half, same, x, w, x, true, addend, false));
        for (Shape addend : new Shape[] {null, Shape.of(2, 1, 1, 640), x}) patterns.add(new ScaledConvolution(half, same, x, w, x, true, addend));
        List<GraphPattern> others = new ArrayList<>();
        for (int width : new int[] {32, 40, 48, 80, 96, 128}) others.add(new Attention(half, 2, 8, 1024, 1024, width, 8 * width, 8 * width));
        boolean all = arguments.length > 0;
        List<GraphPattern> both = new ArrayList<>(patterns);
        both.addAll(others);
        prove(both, all ? both : patterns, "sm_90");
        prove(both, all ? both : List.of(), "sm_80", "sm_100");
    }
}
