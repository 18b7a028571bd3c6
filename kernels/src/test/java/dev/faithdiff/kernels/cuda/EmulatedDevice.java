package dev.faithdiff.kernels.cuda;

import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Pool;
import dev.faithdiff.tensor.Storage;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Runs our CUDA sources on the host, compiled by g++ as C++ in which each CUDA thread of a block is a fiber (emulate.h). It shows that
 * geometry, arguments, indexing, synchronization and arithmetic are right; it is no GPU and says nothing about one.
 */
final class EmulatedDevice implements Device, KernelEntry.Target {
    private static final Pattern ENTRY = Pattern.compile("^KERNEL(?:\\(\\d+\\) |_\\w+\\()(\\w+)[(,]", Pattern.MULTILINE);
    private static final FunctionDescriptor EMULATE = FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT,
            ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
    private static final long GUARD = 64;

    private final Path folder;
    private final Map<String, SymbolLookup> libraries = new ConcurrentHashMap<>();
    private final Map<Long, MemorySegment> memory = new HashMap<>();
    private final Launch launch = new Launch();

    /** @param folder where libraries are kept by the hash of their sources */
    EmulatedDevice(Path folder) { this.folder = folder; }

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

    @Override public KernelEntry entry(String source, String entry, List<String> defines) {
        SymbolLookup library = libraries.computeIfAbsent(source + String.join("", defines), _ -> SymbolLookup.libraryLookup(build(source, defines), Arena.global()));
        MethodHandle emulate = Linker.nativeLinker().downcallHandle(library.find("emulate_" + entry).orElseThrow(), EMULATE);
        return l -> {
            int failure;
            try {
                failure = (int) emulate.invokeExact(l.addresses, l.gridX, l.gridY, l.gridZ, l.block, l.shared);
            } catch (Throwable e) {
                throw new IllegalStateException(e);
            }
            if (failure == 1) throw new IllegalStateException(source + "." + entry + ": threads wait for each other forever");
            if (failure == 2) throw new IllegalStateException(source + "." + entry + " writes past its shared memory");
        };
    }

    /** Builds or finds again the library of a source for some types with all its entries. */
    private Path build(String source, List<String> defines) {
        String text = resource(source + ".cu");
        StringBuilder all = new StringBuilder(resource("emulate.h")).append(resource("prelude.cuh")).append(resource("emulate_end.h"))
                .append("#line 1 \"").append(source).append(".cu\"\n").append(text);
        Matcher m = ENTRY.matcher(text);
        while (m.find()) all.append("EMULATE(").append(m.group(1)).append(")\n");
        List<String> command = new ArrayList<>(List.of("g++", "-std=c++17", "-O1", "-w", "-fPIC", "-shared", "-DEMULATED"));
        command.addAll(defines);
        DiskCache kept = new DiskCache(folder);
        String key = command + all.toString();
        try {
            if (kept.find(key, ".so") != null) return kept.file(key, ".so");
            Path cpp = Files.createTempFile(source, ".cpp"), library = Path.of(cpp.toString().replace(".cpp", ".so"));
            Files.writeString(cpp, all);
            command.addAll(List.of("-o", library.toString(), cpp.toString()));
            Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
            String messages = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (p.waitFor() != 0) throw new IllegalStateException(String.join(" ", command) + "\n" + messages);
            kept.keep(key, ".so", Files.readAllBytes(library));
            Files.delete(library);
            Files.delete(cpp);
            return kept.file(key, ".so");
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    static String resource(String file) {
        try (InputStream in = EmulatedDevice.class.getResourceAsStream("/cuda/" + file)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override public Launch launch() { return launch; }

    @Override public String name() { return "emulated:0"; }

    @Override public String kind() { return "emulated"; }

    /** Between guards of NaN, so that a stray read shows. */
    @Override public Storage allocate(long bytes) {
        MemorySegment m = Arena.ofAuto().allocate(bytes + 2 * GUARD, GUARD).fill((byte) -1);
        memory.put(m.address() + GUARD, m);
        return new Storage(this, m.address() + GUARD, bytes, null);
    }

    @Override public void release(Storage storage) { memory.remove(storage.address()); }

    @Override public void upload(MemorySegment host, Storage to, long offset) {
        MemorySegment.copy(host, 0, memory.get(to.address()), GUARD + offset, host.byteSize());
    }

    @Override public void download(Storage from, long offset, MemorySegment host) {
        MemorySegment.copy(memory.get(from.address()), GUARD + offset, host, 0, host.byteSize());
    }

    @Override public Pool pool() { throw new UnsupportedOperationException(); }
}
