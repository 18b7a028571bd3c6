package dev.faithdiff.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.op.Backend;
import dev.faithdiff.tensor.op.Kernel;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CudaLibrariesTest {
    @TempDir private Path folder;

    @Test void theTableNeedsNoGpu() {
        Backend cuda = Backend.of("cuda");
        assertThat(cuda.kernels()).isNotEmpty();
        for (Kernel<?> k : cuda.kernels()) assertThat(k.op()).as(k.name()).isNotNull();
    }

    @Test void withoutADriverItSaysSo() {
        Backend cuda = Backend.of("cuda");
        assumeTrue(cuda.unavailable() != null, "this machine has a GPU");
        assertThat(cuda.unavailable()).contains("docs/cuda.md");
        assertThat(cuda.count()).isZero();
        assertThatThrownBy(() -> Backend.device("cuda:0")).isInstanceOf(OpError.class)
                .hasMessage("device 'cuda:0' is not available: " + cuda.unavailable());
    }

    @Test void whereOnlyTheDriverIsMissingItSaysSo() throws IOException {
        assumeTrue(new LibrarySearch(List.of()).open("libcuda.so.1") == null, "this machine has a driver");
        LibrarySearch search = new LibrarySearch(List.of(folder));
        for (int major : new int[] {12, 13}) {
            for (String name : List.of("libcublasLt.so." + major, "libcublas.so." + major, "libcudnn.so.9")) {
                Files.writeString(folder.resolve(name), "");
            }
            assertThat(new CudaLibraries(search).missing())
                    .startsWith(major == 12 ? "no NVIDIA driver was found (libcuda.so.1)" : "the libraries of CUDA 12 are here");
            Files.writeString(folder.resolve("libnvrtc.so." + major), "");
            assertThat(new CudaLibraries(search).missing()).isEqualTo("the libraries of CUDA " + major
                    + " are here, but no NVIDIA driver (libcuda.so.1); docs/cuda.md says where libraries are looked for");
        }
        assertThat(search.complete(12)).as("what a driver for CUDA 12 runs").isEqualTo(12);
    }

    @Test void theFolderOfThePropertyComesFirstAndWheelsAreFound() throws IOException {
        Path own = library("own"), loader = library("loader"), home = library("toolkit/lib64"),
                blas = library("venv/lib/python3.12/site-packages/nvidia/cublas/lib");
        Path other = library("other/lib/python3.13/site-packages/nvidia/cu13/lib"), bin = Files.createDirectories(folder.resolve("other/bin"));
        LibrarySearch search = LibrarySearch.of(own.toString(),
                Map.of("LD_LIBRARY_PATH", ":" + loader, "CUDA_HOME", folder.resolve("toolkit").toString(), "VIRTUAL_ENV",
                folder.resolve("venv").toString(), "PATH", "/bin:" + bin), folder);
        assertThat(search.folders()).containsSubsequence(own, loader, home, blas).doesNotContain(other);
        assertThat(Files.createFile(bin.resolve("python3")).toFile().setExecutable(true)).isTrue();
        assertThat(LibrarySearch.of(null, Map.of("PATH", "/bin:" + bin), folder).folders()).as("beside the python3 of the PATH").contains(other);
        assertThat(search.find("libx.so.1")).isEqualTo(own.resolve("libx.so.1"));
        assertThat(search.find("liby.so.1")).isNull();
    }

    @Test void librariesOfAJarBecomeFilesOnce() throws Exception {
        assertThat(RedistJar.unpacked(ClassLoader.getPlatformClassLoader(), folder)).isNull();
        Path jar = folder.resolve("redist.jar");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(jar))) {
            List<String> needed = List.of("libcublas.so.12", "libcublasLt.so.12", "libcudnn.so.9", "libnvrtc.so.12");
            for (String file : Stream.concat(needed.stream(), Stream.of("libcufft.so.11")).toList()) {
                zip.putNextEntry(new ZipEntry(RedistJar.FOLDER + file));
                zip.write(file.getBytes(StandardCharsets.UTF_8));
            }
        }
        try (URLClassLoader classes = new URLClassLoader(new URL[] {jar.toUri().toURL()}, null)) {
            Path to = RedistJar.unpacked(classes, folder.resolve("cache")), blas = to.resolve("libcublas.so.12");
            assertThat(Files.readString(blas)).isEqualTo("libcublas.so.12");
            try (Stream<Path> files = Files.list(to)) {
                assertThat(files).as("only what is needed").hasSize(4).doesNotContain(to.resolve("libcufft.so.11"));
            }
            FileTime old = FileTime.fromMillis(0);
            Files.setLastModifiedTime(blas, old);
            Files.writeString(to.resolve("libcudnn.so.9"), "cut");
            RedistJar.unpacked(classes, folder.resolve("cache"));
            assertThat(Files.getLastModifiedTime(blas)).as("a whole file is left").isEqualTo(old);
            assertThat(Files.readString(to.resolve("libcudnn.so.9"))).as("another is replaced").isEqualTo("libcudnn.so.9");
            LibrarySearch search = new LibrarySearch(List.of());
            assertThat(search.complete(13)).isZero();
            assertThat(search.with(to).complete(13)).isEqualTo(12);
        }
    }

    @Test void nativesForCuda13DifferInTwoBytes() throws IOException {
        for (String[] name : new String[][] {{"JCublas2", "libcublas.so.1"}, {"JNvrtc", "libnvrtc.so.1"}}) {
            byte[] before, after;
            try (InputStream in = getClass().getResourceAsStream("/lib/lib" + name[0] + "-12.6.0-linux-x86_64.so")) {
                before = in.readAllBytes();
            }
            after = ElfNames.rename(before.clone(), name[1] + "2", name[1] + "3");
            int changed = 0;
            for (int i = 0; i < before.length; i++) if (before[i] != after[i]) changed++;
            assertThat(changed).as(name[0]).isEqualTo(2);
            assertThatThrownBy(() -> ElfNames.rename(after, name[1] + "2", name[1] + "3")).isInstanceOf(CudaError.class);
        }
    }

    private Path library(String name) throws IOException {
        Path f = Files.createDirectories(folder.resolve(name));
        Files.writeString(f.resolve("libx.so.1"), "");
        return f;
    }
}
