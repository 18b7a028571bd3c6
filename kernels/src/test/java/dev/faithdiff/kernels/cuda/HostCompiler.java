package dev.faithdiff.kernels.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Compiles our CUDA sources for the host by emulate.sh; what was compiled once is used by all tests of all modules. */
final class HostCompiler {
    /** Where compiled kernels are kept. */
    static final Path KERNELS = Path.of(System.getProperty("faithdiff.home", ".."), "target", "emulated").toAbsolutePath().normalize();

    private final Path folder;

    /** @param folder for the files of the emulation */
    HostCompiler(Path folder) throws IOException {
        this.folder = folder;
        for (String file : List.of("emulate.h", "emulate_end.h", "emulate.cpp", "emulate.sh")) {
            try (InputStream in = HostCompiler.class.getResourceAsStream("/cuda/" + file)) {
                Files.copy(in, folder.resolve(file));
            }
        }
    }

    /** Null if sources can be compiled here, else the reason. */
    static String unavailable() {
        try {
            Process p = new ProcessBuilder("g++", "--version").redirectErrorStream(true).start();
            p.getInputStream().readAllBytes();
            return p.waitFor() == 0 ? null : "g++ does not run";
        } catch (IOException e) {
            return "there is no g++";
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The library of a source with all its entries. @param defines compiler options such as {@code -DT0=F16} */
    Path compile(String source, List<String> defines) {
        try {
            Path kernel = Files.createTempFile(folder, source, ".cu");
            Files.writeString(kernel, CudaModules.text(source));
            List<String> command = new ArrayList<>(List.of("sh", folder.resolve("emulate.sh").toString(), kernel.toString(), KERNELS.toString()));
            command.addAll(defines);
            Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (p.waitFor() != 0) throw new IllegalStateException(String.join(" ", command) + "\n" + said);
            return Path.of(said);
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
