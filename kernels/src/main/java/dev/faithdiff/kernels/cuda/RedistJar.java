package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.host.KeptFile;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * NVIDIA's libraries of CUDA 12.6 from the jar that Maven's profile {@code cuda-redist} puts on the class path, for machines that have a driver
 * and nothing else. The loader needs files, so they are copied once into a folder of the cache, 1.4 GB.
 */
final class RedistJar {
    static final int CUDA = 12;
    static final String FOLDER = "org/bytedeco/cuda/linux-x86_64/";
    private static final List<String> FILES = List.of("libcublasLt.so.12", "libcublas.so.12", "libnvrtc-builtins.so.12.6", "libnvrtc.so.12",
            "libcudnn_graph.so.9", "libcudnn_ops.so.9", "libcudnn_cnn.so.9", "libcudnn_adv.so.9", "libcudnn_heuristic.so.9",
            "libcudnn_engines_precompiled.so.9", "libcudnn_engines_runtime_compiled.so.9", "libcudnn.so.9");

    private RedistJar() {}

    static boolean isOn(ClassLoader classes) { return classes.getResource(FOLDER + "libcublas.so.12") != null; }

    /**
     * The folder with the libraries, filled where a file is missing or has another size; null if no such jar is on the class path.
     *
     * @throws CudaError if the folder cannot be written
     */
    static Path unpacked(ClassLoader classes, Path cache) {
        if (!isOn(classes)) return null;
        Path folder = cache.resolve("redist-12.6");
        try {
            for (String file : FILES) {
                URL from = classes.getResource(FOLDER + file);
                if (from != null) unpack(from, folder.resolve(file));
            }
            return folder;
        } catch (IOException e) {
            throw new CudaError("the CUDA libraries of the jar cannot be unpacked to " + folder + ": " + e.getMessage());
        }
    }

    private static void unpack(URL from, Path to) throws IOException {
        URLConnection c = from.openConnection();
        if (Files.isRegularFile(to) && Files.size(to) == c.getContentLengthLong()) return;
        try (InputStream in = c.getInputStream()) {
            KeptFile.write(to, in);
        }
    }
}
