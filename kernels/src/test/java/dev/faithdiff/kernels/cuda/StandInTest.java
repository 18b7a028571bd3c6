package dev.faithdiff.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The host's side of CUDA against a driver that is none, built from C where gcc is found: order, arguments and lifetimes of calls. It says
 * nothing about what a GPU computes.
 */
class StandInTest {
    @TempDir private Path folder;

    @Test void memoryCopiesModulesAndLaunchesReachTheDriver() throws Exception {
        for (String[] part : new String[][] {{"cuda", "libcuda.so.1"}, {"cublas", "libcublas.so.12"}, {"cudnn", "libcudnn.so.9"}}) {
            String c = part[0] + ".c", file = part[1];
            resource("/standin/" + c, folder.resolve(c));
            Files.writeString(folder.resolve("versions"), file + " { global: *; };");
            // The driver's symbols have no versions, the libraries' have; these find the driver's memory in the driver.
            if (part[0].equals("cuda")) gcc("-shared", "-fPIC", "-O1", "-Wl,-soname," + file, "-o", file, c);
            else gcc("-shared", "-fPIC", "-O1", "-Wl,-soname," + file, "-Wl,--version-script=versions", "-o", file, c, "libcuda.so.1");
        }
        Path sources = Files.createDirectory(folder.resolve("sources")), cache = folder.resolve("cache");
        Files.writeString(sources.resolve("prelude.cuh"), "// prelude\n");
        Files.writeString(sources.resolve("scale.cu"), "// scale\n");
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-Xmx256m",
                "-Dfaithdiff.cuda.libraries=" + folder, "-Dfaithdiff.cuda.sources=" + sources,
                "-cp", System.getProperty("java.class.path"), StandInRun.class.getName(), cache.toString()));
        run(command);
        List<String> calls = Files.readAllLines(folder.resolve("calls"));
        assertThat(calls).noneMatch(c -> c.startsWith("BAD"));
        assertThat(calls.subList(0, 2)).containsExactly("context", "stream 1");
        int launch = calls.indexOf("launch 8 1 1 x 128 1 1 shared 0 on 0x5678: n 1000 k 3 f 0.5");
        assertThat(calls.indexOf("up 4000 on 0x5678")).isPositive().isLessThan(launch);
        assertThat(calls.subList(launch + 1, calls.size())).containsSubsequence("attribute 8 102400",
                "launch 2 1 1 x 128 1 1 shared 102400 on 0x5678: n 250 k 3 f 0.5", "down 1000 on 0x5678");
        assertThat(calls.stream().filter("module codecode"::equals)).as("launches share the module of their types").hasSize(3);
        assertThat(calls.stream().filter(c -> c.startsWith("pin "))).as("staging is pinned once").hasSize(2);
    }

    /** What the renaming of a needed library does for CUDA 13, with a library of our own. */
    @Test void aRenamedLibraryIsLinkedWithItsVersion() throws Exception {
        for (int major : new int[] {12, 13}) {
            Files.writeString(folder.resolve("answer.c"), "int answer_to_all(void) { return " + major + "; }");
            Files.writeString(folder.resolve("answer.map"), "libanswer.so." + major + " { global: *; };");
            gcc("-shared", "-fPIC", "-Wl,-soname,libanswer.so." + major, "-Wl,--version-script=answer.map", "-o", "libanswer.so." + major, "answer.c");
        }
        Files.writeString(folder.resolve("asks.c"), "int answer_to_all(void); int ask(void) { return answer_to_all(); }");
        gcc("-shared", "-fPIC", "-o", "libasks.so", "asks.c", "libanswer.so.12");
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

    private void run(List<String> command) throws Exception {
        Path output = folder.resolve("output");
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().put("CUDA_STANDIN_LOG", folder.resolve("calls").toString());
        builder.environment().remove("LD_LIBRARY_PATH");
        Process process = builder.start();
        boolean ended = process.waitFor(120, TimeUnit.SECONDS);
        if (!ended) process.destroyForcibly();
        assertThat(ended && process.exitValue() == 0).as(Files.readString(output)).isTrue();
    }

    private void gcc(String... arguments) throws Exception {
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
        try (InputStream in = StandInTest.class.getResourceAsStream(name)) {
            Files.copy(in, to);
        }
    }
}
