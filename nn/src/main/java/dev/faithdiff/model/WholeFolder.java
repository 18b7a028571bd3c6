package dev.faithdiff.model;

import dev.faithdiff.tensor.host.IoReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Writes a model folder that appears whole or not at all: its files go into a temporary folder beside it, which is then moved to its place.
 * One process at a time may write a folder.
 */
public final class WholeFolder {
    private static final String PARTIAL = "partial", OLD = "old";

    /** Fills an empty folder with files. */
    public interface Writer {
        void write(Path folder) throws IOException;
    }

    private WholeFolder() {}

    /** @throws ModelError if the folder exists and may not be replaced: only a model or an empty folder may, and only by {@code replace} */
    public static void check(Path target, boolean replace) {
        if (!Files.exists(target)) return;
        if (!replace) throw new ModelError(target, "exists; choose another folder or let it be replaced (--force)");
        if (!Files.isDirectory(target)) throw new ModelError(target, "is not a folder");
        if (!Files.exists(target.resolve(ModelFolder.DESCRIPTION)) && !isEmpty(target)) {
            throw new ModelError(target, "holds something else than a model; it is not replaced");
        }
    }

    /** Writes a folder. @throws ModelError as {@link #check}, or if it cannot be written */
    public static void write(Path target, boolean replace, Writer writer) {
        recover(target);
        check(target, replace);
        Path whole = whole(target), partial = sibling(whole, PARTIAL), old = sibling(whole, OLD);
        try {
            Files.createDirectories(partial);
            writer.write(partial);
            check(target, replace);
            if (Files.exists(whole)) Files.move(whole, old);
            Files.move(partial, whole);
        } catch (IOException e) {
            throw new ModelError(target, "cannot be written: " + IoReason.of(e), e);
        } finally {
            recover(target);
        }
    }

    /** Deletes what an unfinished writing of a folder left, and brings back a model that was about to be replaced. */
    public static void recover(Path target) {
        Path whole = whole(target);
        for (Path old : left(whole, OLD)) {
            if (Files.exists(whole)) delete(old);
            else old.toFile().renameTo(whole.toFile());
        }
        left(whole, PARTIAL).forEach(WholeFolder::delete);
    }

    private static Path whole(Path target) { return target.toAbsolutePath().normalize(); }

    private static Path sibling(Path whole, String what) { return whole.resolveSibling(start(whole, what) + ProcessHandle.current().pid()); }

    private static String start(Path whole, String what) { return "." + whole.getFileName() + "." + what + "-"; }

    /** Temporary folders of this process and of processes that are gone. */
    private static List<Path> left(Path whole, String what) {
        if (!Files.isDirectory(whole.getParent())) return List.of();
        try (Stream<Path> siblings = Files.list(whole.getParent())) {
            return siblings.filter(p -> isLeft(p.getFileName().toString(), start(whole, what))).toList();
        } catch (IOException e) {
            return List.of(); // they disturb nobody
        }
    }

    private static boolean isLeft(String name, String start) {
        String pid = name.startsWith(start) ? name.substring(start.length()) : "";
        if (!pid.matches("\\d{1,10}")) return false;
        long writer = Long.parseLong(pid);
        return writer == ProcessHandle.current().pid() || ProcessHandle.of(writer).isEmpty();
    }

    private static boolean isEmpty(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.findAny().isEmpty();
        } catch (IOException e) {
            throw new ModelError(folder, "cannot be read: " + IoReason.of(e), e);
        }
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(f -> f.toFile().delete());
        } catch (IOException e) {
            return; // what brought us here is the failure to report
        }
    }
}
