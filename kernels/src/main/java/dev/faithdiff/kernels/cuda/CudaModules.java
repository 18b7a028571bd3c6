package dev.faithdiff.kernels.cuda;

import static dev.faithdiff.kernels.cuda.CudaError.check;

import dev.faithdiff.tensor.host.DiskCache;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;

/**
 * Our compiled kernels on one device. A source is the resource {@code /cuda/NAME.cu}, or the file of that name in the folder of
 * {@code -Dfaithdiff.cuda.sources}, behind {@code prelude.cuh}. It is compiled for the device's own architecture or a near one, and the result is
 * kept in the user's cache folder under the hash of all inputs.
 */
final class CudaModules {
    /** Compiles CUDA C++ to device code. */
    interface Compiler {
        /** Name and version; part of the hash under which results are kept. */
        String version();

        /** Compute capabilities times ten that it compiles for; empty if it does not say. */
        default List<Integer> known() { return List.of(); }

        byte[] compile(String source, String name, List<String> options);
    }

    private record Key(String source, List<String> defines) {}

    private final CudaDevice device;
    private final Compiler compiler;
    private final DiskCache cache;
    private final String architecture;
    private final Map<Key, CUmodule> modules = new HashMap<>();

    /** @param architecture {@code sm_90a} */
    CudaModules(CudaDevice device, String architecture, Compiler compiler, DiskCache cache) {
        this.device = device;
        this.architecture = architecture;
        this.compiler = compiler;
        this.cache = cache;
    }

    /**
     * What to compile for: the device's own architecture with the instructions that only it has ({@code sm_90a}, {@code sm_120a}), else the nearest
     * older one of its generation, whose code it runs ({@code sm_86} for 8.9), else code that the driver translates ({@code compute_90}).
     *
     * @param capability of the device, times ten
     * @throws CudaError if the compiler knows only newer ones
     */
    static String target(int capability, Compiler compiler) {
        List<Integer> known = compiler.known();
        if (known.isEmpty() || known.contains(capability)) return "sm_" + capability + (capability >= 90 ? "a" : "");
        int nearest = known.stream().filter(k -> k < capability).max(Integer::compare).orElseThrow(() -> new CudaError(compiler.version()
                + " compiles for compute capability " + Collections.min(known) / 10.0 + " and newer, and this GPU has " + capability / 10.0));
        return (nearest / 10 == capability / 10 ? "sm_" : "compute_") + nearest;
    }

    /**
     * An entry of a source.
     *
     * @param defines compiler options such as {@code -DT0=F16}
     * @throws CudaError with the compiler's messages
     */
    CUfunction function(String source, String entry, List<String> defines) { return device.exclusive(() -> find(source, entry, defines)); }

    private CUfunction find(String source, String entry, List<String> defines) {
        CUmodule module = modules.computeIfAbsent(new Key(source, List.copyOf(defines)), this::load);
        CUfunction function = new CUfunction();
        check(JCudaDriver.cuModuleGetFunction(function, module, entry), "finding " + entry + " in " + source + ".cu");
        return function;
    }

    private CUmodule load(Key key) {
        CUmodule module = new CUmodule();
        byte[] code = code(key.source(), key.defines(), architecture, compiler, cache);
        check(JCudaDriver.cuModuleLoadData(module, code), "loading " + key.source() + ".cu");
        return module;
    }

    /** A source's code: that which was kept, or compiled anew. */
    static byte[] code(String name, List<String> defines, String architecture, Compiler compiler, DiskCache cache) {
        String source = text(name);
        String key = source + "\0" + defines + "\0" + architecture + "\0" + compiler.version();
        byte[] kept = cache.find(key, ".cubin");
        if (kept != null) return kept;
        List<String> options = new ArrayList<>(List.of("-arch=" + architecture, "-std=c++17"));
        options.addAll(defines);
        byte[] code = compiler.compile(source, name + ".cu", options);
        cache.keep(key, ".cubin", code);
        return code;
    }

    /** The text to compile: the prelude and the source, with a line directive between them so that messages have the source's own lines. */
    static String text(String name) { return read("prelude.cuh") + "\n#line 1 \"" + name + ".cu\"\n" + read(name + ".cu"); }

    /** The text of a file: an edited one where there is one. */
    private static String read(String file) {
        String folder = System.getProperty("faithdiff.cuda.sources");
        try {
            if (folder != null && Files.isReadable(Path.of(folder, file))) return Files.readString(Path.of(folder, file));
            try (InputStream in = CudaModules.class.getResourceAsStream("/cuda/" + file)) {
                if (in == null) throw new CudaError("there is no kernel source " + file);
                return new String(in.readAllBytes(), StandardCharsets.UTF_8);
            }
        } catch (IOException e) {
            throw new CudaError("kernel source " + file + " cannot be read: " + e.getMessage());
        }
    }
}
