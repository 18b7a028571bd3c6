package dev.faithdiff.convert;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** The folder a conversion makes: it appears whole or not at all, and replaces an older one only when told to. */
final class ModelFolder {
    /** Fills an empty folder with files. */
    interface Writer { void write(Path folder) throws IOException; }

    private ModelFolder() { }

    /** @throws ConvertError if {@code target} exists and may not be replaced: only a model or an empty folder may, and only by force */
    static void check(Path target, boolean force) {
        if (!Files.exists(target)) return;
        if (!force) throw new ConvertError(target, "exists; choose another folder or replace it with --force");
        if (!Files.isDirectory(target)) throw new ConvertError(target, "is not a folder");
        if (!Files.exists(target.resolve("model.json")) && !isEmpty(target)) {
            throw new ConvertError(target, "holds something else than a model; it is not replaced");
        }
    }

    /** Writes into a temporary sibling and moves it into place. */
    static void write(Path target, boolean force, Writer writer) {
        check(target, force);
        Path whole = target.toAbsolutePath().normalize(), partial = sibling(whole, "partial"), old = sibling(whole, "old");
        deleteOrphans(whole);
        Thread interrupted = new Thread(() -> delete(partial));
        Runtime.getRuntime().addShutdownHook(interrupted);
        try {
            Files.createDirectories(partial);
            writer.write(partial);
            check(target, force);
            if (Files.exists(whole)) Files.move(whole, old);
            Files.move(partial, whole);
        } catch (IOException e) {
            throw new ConvertError(target, "cannot be written: " + e, e);
        } finally {
            if (Files.exists(old) && !Files.exists(whole)) old.toFile().renameTo(whole.toFile());
            delete(partial);
            delete(old);
            unhook(interrupted);
        }
    }

    private static void unhook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            return; // the JVM is going down and has begun the hook
        }
    }

    /** What killed processes left of this folder. */
    private static void deleteOrphans(Path whole) {
        String start = "." + whole.getFileName() + ".partial-";
        if (!Files.isDirectory(whole.getParent())) return;
        try (Stream<Path> siblings = Files.list(whole.getParent())) {
            for (Path p : siblings.toList()) {
                String name = p.getFileName().toString(), pid = name.startsWith(start) ? name.substring(start.length()) : "";
                if (pid.matches("\\d{1,10}") && ProcessHandle.of(Long.parseLong(pid)).isEmpty()) delete(p);
            }
        } catch (IOException e) {
            return; // they are only in the way of nobody
        }
    }

    private static Path sibling(Path folder, String what) {
        return folder.resolveSibling("." + folder.getFileName() + "." + what + "-" + ProcessHandle.current().pid());
    }

    private static boolean isEmpty(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.findAny().isEmpty();
        } catch (IOException e) {
            throw new ConvertError(folder, "cannot be read: " + e.getMessage(), e);
        }
    }

    private static void delete(Path folder) {
        if (!Files.exists(folder)) return;
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(f -> f.toFile().delete());
        } catch (IOException e) {
            return; // what brought us here is the failure to report
        }
    }
}
