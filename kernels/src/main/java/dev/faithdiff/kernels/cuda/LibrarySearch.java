package dev.faithdiff.kernels.cuda;

import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The folders where NVIDIA's libraries are looked for, in this order: those of {@code -Dfaithdiff.cuda.libraries}, LD_LIBRARY_PATH, CUDA_HOME and
 * CUDA_PATH, the usual places of an installation, and Python's site-packages with NVIDIA's wheels. The system's loader is asked last.
 */
record LibrarySearch(List<Path> folders) {
    private static final List<String> SYSTEM = List.of("/usr/local/cuda/lib64", "/usr/local/cuda/targets/x86_64-linux/lib",
            "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib/wsl/lib", "/usr/local/nvidia/lib64", "/usr/local/nvidia/lib",
            "/run/opengl-driver/lib");

    /** A library that was opened. @param path null where the system's loader knew it by name */
    record Opened(String name, Path path, SymbolLookup symbols) {}

    static LibrarySearch of(String property, Map<String, String> environment, Path home) {
        List<Path> folders = new ArrayList<>();
        for (String list : new String[] {property, environment.get("LD_LIBRARY_PATH")}) {
            if (list != null) for (String f : list.split(File.pathSeparator)) if (!f.isEmpty()) folders.add(Path.of(f));
        }
        for (String name : new String[] {"CUDA_HOME", "CUDA_PATH"}) {
            String root = environment.get(name);
            if (root == null || root.isEmpty()) continue;
            folders.add(Path.of(root, "lib64"));
            folders.add(Path.of(root, "targets/x86_64-linux/lib"));
        }
        List<Path> pythons = new ArrayList<>();
        for (String name : new String[] {"VIRTUAL_ENV", "CONDA_PREFIX"}) {
            String root = environment.get(name);
            if (root != null && !root.isEmpty()) pythons.add(Path.of(root, "lib"));
        }
        // A Python environment may be in use without VIRTUAL_ENV, by its folder on the PATH.
        for (String bin : environment.getOrDefault("PATH", "").split(File.pathSeparator)) {
            if (!bin.isEmpty() && Files.isExecutable(Path.of(bin, "python3"))) pythons.add(Path.of(bin).resolveSibling("lib"));
        }
        if (environment.containsKey("CONDA_PREFIX")) folders.add(Path.of(environment.get("CONDA_PREFIX"), "lib"));
        for (String f : SYSTEM) folders.add(Path.of(f));
        pythons.add(home.resolve(".local/lib"));
        pythons.addAll(List.of(Path.of("/usr/local/lib"), Path.of("/usr/lib"), Path.of("/opt/conda/lib")));
        for (Path lib : pythons) {
            for (Path python : list(lib, "python3*")) {
                for (String packages : new String[] {"site-packages", "dist-packages"}) wheels(python.resolve(packages), folders);
            }
        }
        // A folder of the property may be a site-packages itself.
        if (property != null) for (String f : property.split(File.pathSeparator)) if (!f.isEmpty()) wheels(Path.of(f), folders);
        return new LibrarySearch(folders.stream().filter(Files::isDirectory).distinct().toList());
    }

    /** The folders of NVIDIA's wheels, those of the newest CUDA first. */
    private static void wheels(Path packages, List<Path> folders) {
        for (Path part : list(packages.resolve("nvidia"), "*")) folders.add(part.resolve("lib"));
    }

    private static List<Path> list(Path folder, String glob) {
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> s = Files.newDirectoryStream(folder, glob)) {
            s.forEach(found::add);
        } catch (IOException e) {
            return List.of();
        }
        found.sort(null);
        return found;
    }

    /** The newest CUDA, up to {@code newest}, whose libraries are all in the folders, judged by their names; 0 if there is none. */
    int complete(int newest) {
        for (int m = newest; m >= 12; m--) {
            boolean all = true;
            List<String> names = List.of("libcublasLt.so." + m, "libcublas.so." + m, "libnvrtc.so." + m, "libcudnn.so.9");
            for (String name : names) all &= find(name) != null;
            if (all) return m;
        }
        return 0;
    }

    /** This search with one more folder at the end. */
    LibrarySearch with(Path folder) {
        List<Path> all = new ArrayList<>(folders);
        all.add(folder);
        return new LibrarySearch(all);
    }

    /** The file of a library, or null. */
    Path find(String name) {
        for (Path f : folders) if (Files.isRegularFile(f.resolve(name))) return f.resolve(name);
        return null;
    }

    /** Opens the first library of a name that can be opened, for the rest of the run, so that others find it by its name; null if there is none. */
    Opened open(String name) {
        for (Path folder : folders) {
            Path file = folder.resolve(name);
            if (!Files.isRegularFile(file)) continue;
            try {
                return new Opened(name, file, SymbolLookup.libraryLookup(file.toAbsolutePath(), Arena.global()));
            } catch (IllegalArgumentException e) {
                // It is for another machine, or a dependency is missing: a later folder may have a better one.
            }
        }
        try {
            return new Opened(name, null, SymbolLookup.libraryLookup(name, Arena.global()));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    /** Opens the files beside a library whose names match, so that the loader finds them when the library asks for them. */
    void openBeside(Opened library, String glob) {
        if (library.path() == null) return;
        for (Path part : list(library.path().toAbsolutePath().getParent(), glob)) {
            try {
                SymbolLookup.libraryLookup(part, Arena.global());
            } catch (IllegalArgumentException e) {
                // If it is needed, the library's own call fails and says so.
            }
        }
    }
}
