package dev.faithdiff.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The host's side of CUDA against a fake driver, built from C where gcc is found: order, arguments and lifetimes of calls, but not what a GPU
 * computes.
 */
@Tag("native")
@Tag("process")
class StandInTest {
    private static final Map<String, String> WITH_PLANS = Map.of("CUDA_STANDIN_NEAR", "1", "CUDA_STANDIN_CUDNN_VERSION", "91300");

    @TempDir private static Path libraries;
    private static StandIn standIn;
    @TempDir private Path folder;

    @BeforeAll static void build() throws Exception { standIn = new StandIn(libraries); }

    @Test void memoryCopiesModulesAndLaunchesReachTheDriver() throws Exception {
        Path sources = Files.createDirectory(folder.resolve("sources"));
        Files.writeString(sources.resolve("prelude.cuh"), "// prelude\n");
        Files.writeString(sources.resolve("scale.cu"), "// scale\n");
        List<String> calls = standIn.run(StandInRun.class, List.of("-Dfaithdiff.cuda.sources=" + sources), Map.of(),
                folder.resolve("cache").toString(), "all");
        assertThat(calls.subList(0, 2)).containsExactly("context", "stream 1");
        int launch = calls.indexOf("launch 8 1 1 x 128 1 1 shared 0 on 0x5678: n 1000 k 3 f 0.5");
        assertThat(calls.indexOf("up 4000 on 0x5678")).isPositive().isLessThan(launch);
        assertThat(calls.subList(launch + 1, calls.size())).containsSubsequence("attribute 8 102400",
                "launch 2 1 1 x 128 1 1 shared 102400 on 0x5678: n 250 k 3 f 0.5", "down 1000 on 0x5678");
        assertThat(calls.stream().filter("module codecode"::equals)).as("launches share the module of their types").hasSize(3);
        assertThat(calls.stream().filter(c -> c.startsWith("pin 8388608"))).as("staging is pinned once").hasSize(2);
        graph(calls);
        List<String> twoThreads = calls.subList(calls.indexOf("two threads"), calls.indexOf("end of two threads"));
        assertThat(twoThreads.stream().filter(c -> c.startsWith("captured"))).as("launches in the capture").containsExactly("captured 2");
        List<String> expected = new ArrayList<>();
        for (Cudnn.Pass p : Cudnn.Pass.values()) {
            expected.addAll(List.of("first " + p, "measure", "second " + p));
            for (int i = 0; i < 4; i++) expected.addAll(List.of("broken " + p, "measure"));
            expected.add("end of " + p);
        }
        List<String> chosen = calls.subList(calls.indexOf("first FORWARD"), calls.size());
        assertThat(chosen.stream().filter(c -> c.matches("(first|second|broken|end of|measure).*"))).containsExactlyElementsOf(expected);
    }

    /** The first run is plain, the second captures, and from then on a run is a copy and a launch. */
    private static void graph(List<String> calls) {
        int begin = calls.indexOf("capture on 0x5678 in mode 2"), end = calls.indexOf("captured 3");
        assertThat(calls.subList(begin, end)).as("nothing is allocated, copied or waited for in a capture")
                .allMatch(c -> c.startsWith("capture") || c.startsWith("launch"));
        List<String> after = calls.subList(end, calls.indexOf("end of graph") + 1);
        assertThat(after.stream().filter(c -> c.matches("(move|launch|graph|captured|end).*"))).containsExactly("captured 3", "graph",
                "move 8 on 0x5678", "launch graph of 3 on 0x5678", "move 8 on 0x5678", "launch graph of 3 on 0x5678",
                "move 8 on 0x5678", "launch graph of 3 on 0x5678", "move 8 on 0x5678", "launch graph of 3 on 0x5678", "end of graph");
    }

    /** Blocks are loaded ahead on the second stream, which runs as early or as late as it may. */
    @Test void streamsWaitForEachOther() throws Exception {
        Path sources = Files.createDirectory(folder.resolve("sources"));
        Files.writeString(sources.resolve("prelude.cuh"), "// prelude\n");
        Files.writeString(sources.resolve("scale.cu"), "// scale\n");
        for (Map<String, String> eager : List.of(Map.<String, String>of(), Map.of("CUDA_STANDIN_EAGER", "1"))) {
            List<String> calls = standIn.run(StandInRun.class, List.of("-Dfaithdiff.cuda.sources=" + sources), eager,
                    folder.resolve("cache").toString(), "streams");
            int up = calls.indexOf("up 4096 on 0x5679");
            assertThat(calls.get(up - 1)).startsWith("wait").endsWith("on 0x5679");
            assertThat(calls.get(up + 1)).startsWith("record").endsWith("on 0x5679");
            assertThat(calls.stream().filter("unpin"::equals)).hasSize(3);
        }
    }

    /** Kernels of every kind together, captured as a graph, with an older cuDNN and with plans; our kernels run on the host. */
    @Test void aNetworkIsCapturedAndRepeated() throws Exception {
        StandIn.requireCompiler();
        for (Map<String, String> environment : List.of(Map.of("CUDA_STANDIN_NEAR", "1"), WITH_PLANS)) {
            List<String> calls = standIn.run(StandInNetwork.class, List.of(), environment, Files.createTempDirectory(folder, "cache").toString());
            assertThat(calls).doesNotContain("alloc in a capture");
            assertThat(calls.stream().filter(c -> c.startsWith("launch graph"))).hasSize(2 * (StandInNetwork.RUNS - 1));
            List<String> captured = calls.subList(calls.lastIndexOf("capture on 0x5678 in mode 2"), calls.size());
            captured = captured.subList(0, captured.indexOf("graph"));
            assertThat(captured.stream().filter("run plan"::equals).count()).as("plans in the capture of F16")
                    .isEqualTo(environment == WITH_PLANS ? 12 : 0);
            assertThat(captured.stream().filter("multiply by 2"::equals).count()).as("products of cuBLASLt")
                    .isEqualTo(environment == WITH_PLANS ? 0 : 6);
            assertThat(captured).doesNotContain("plan", "heuristic");
        }
    }

    /** Plans of cuDNN's graph API: made, measured and kept once, found by a later run of the program, and made again where the file is damaged. */
    @Test void plansAreMadeOnce() throws Exception {
        List<String> calls = standIn.run(StandInRun.class, List.of(), WITH_PLANS, folder.resolve("cache").toString(), "plans");
        List<String> chosen = calls.subList(calls.indexOf("first"), calls.size()).stream()
                .filter(c -> c.matches("first|again|second|broken|plan|run plan|slower"))
                .toList();
        List<String> expected = new ArrayList<>(List.of("first", "plan", "plan"));
        for (int i = 0; i < 2 * 3 * 5 + 1; i++) expected.add("run plan");
        expected.addAll(List.of("again", "run plan", "second", "run plan", "broken", "plan", "plan"));
        for (int i = 0; i < 2 * 3 * 5 + 1; i++) expected.add("run plan");
        expected.add("slower");
        assertThat(chosen).containsExactlyElementsOf(expected);
    }

    /** An algorithm of cuBLASLt is measured and kept once, found by a later run of the program, and chosen again where the file is damaged. */
    @Test void algorithmsOfCublasLtAreChosenOnce() throws Exception {
        List<String> calls = standIn.run(StandInLt.class, List.of(), Map.of(), Files.createDirectory(folder.resolve("cache")).toString());
        List<String> chosen = calls.stream().filter(c -> c.matches("first|again|second|broken|heuristic|multiply by .")).toList();
        // The first fails, the second is not tried, the third is the fastest of those that remain.
        List<String> measured = new ArrayList<>(List.of("heuristic", "multiply by 0"));
        for (int round = 0; round < 3; round++) {
            for (int algorithm : new int[] {2, 3}) measured.addAll(Collections.nCopies(5, "multiply by " + algorithm));
        }
        measured.add("multiply by 2");
        List<String> expected = new ArrayList<>(List.of("first"));
        expected.addAll(measured);
        expected.addAll(List.of("again", "multiply by 2", "second", "multiply by 2"));
        for (int damage = 0; damage < 3; damage++) {
            expected.add("broken");
            expected.addAll(measured);
        }
        assertThat(chosen).containsExactlyElementsOf(expected);
    }

    /** The kernels that use cuBLAS and cuDNN, on every small case: their calls of the libraries, and our kernels between them. */
    @Test void kernelsOnLibrariesAgreeWithTheirReferences() throws Exception {
        StandIn.requireCompiler();
        standIn.run(StandInLibraries.class, List.of(), Map.of("CUDA_STANDIN_NEAR", "1"), Files.createDirectory(folder.resolve("cache")).toString());
    }

    /** The kernels that run plans of cuDNN's graph API. */
    @Test void kernelsOnPlansAgreeWithTheirReferences() throws Exception {
        StandIn.requireCompiler();
        standIn.run(StandInLibraries.class, List.of(), WITH_PLANS, Files.createDirectory(folder.resolve("cache")).toString(), "plans");
    }

    @Test void aLibraryThatCannotBeOpenedIsPassedOver() throws Exception {
        Files.writeString(folder.resolve("x.c"), "int x;");
        StandIn.gcc(folder, "-shared", "-fPIC", "-o", "libx.so.1", "x.c");
        byte[] foreign = Files.readAllBytes(folder.resolve("libx.so.1"));
        foreign[18] = (byte) 183; // the machine: AArch64
        Path broken = Files.createDirectory(folder.resolve("broken"));
        Files.write(broken.resolve("libx.so.1"), foreign);
        assertThat(new LibrarySearch(List.of(broken, folder)).open("libx.so.1").path()).isEqualTo(folder.resolve("libx.so.1"));
        assertThat(new LibrarySearch(List.of(broken)).open("libx.so.1")).isNull();
    }

    /** The renaming of a dependency, as for CUDA 13, with libraries built for this test. */
    @Test void aRenamedLibraryIsLinkedWithItsVersion() throws Exception {
        for (int major : new int[] {12, 13}) {
            Files.writeString(folder.resolve("answer.c"), "int answer_to_all(void) { return " + major + "; }");
            Files.writeString(folder.resolve("answer.map"), "libanswer.so." + major + " { global: *; };");
            StandIn.gcc(folder, "-shared", "-fPIC", "-Wl,-soname,libanswer.so." + major, "-Wl,--version-script=answer.map", "-o", "libanswer.so."
                    + major, "answer.c");
        }
        Files.writeString(folder.resolve("asks.c"), "int answer_to_all(void); int ask(void) { return answer_to_all(); }");
        StandIn.gcc(folder, "-shared", "-fPIC", "-o", "libasks.so", "asks.c", "libanswer.so.12");
        byte[] asks = Files.readAllBytes(folder.resolve("libasks.so"));
        Files.write(folder.resolve("libasks.so"), ElfNames.rename(asks, "libanswer.so.12", "libanswer.so.13"));
        try (Arena arena = Arena.ofConfined()) {
            SymbolLookup.libraryLookup(folder.resolve("libanswer.so.13"), arena);
            SymbolLookup library = SymbolLookup.libraryLookup(folder.resolve("libasks.so"), arena);
            var ask = Linker.nativeLinker().downcallHandle(library.find("ask").orElseThrow(), FunctionDescriptor.of(ValueLayout.JAVA_INT));
            assertThat((int) (Integer) ask.invoke()).isEqualTo(13);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
