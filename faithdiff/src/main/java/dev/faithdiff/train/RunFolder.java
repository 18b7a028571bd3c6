package dev.faithdiff.train;

import dev.faithdiff.Model;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The folder of a training run: {@code run.json}, {@code log.jsonl}, {@code quality.jsonl}, {@code loss.png}, {@code quality.png},
 * {@code checkpoints/}, {@code validation/} and the result, {@code model/}. One process at a time works in it.
 */
final class RunFolder implements AutoCloseable {
    private final Path folder;
    private final FileChannel lock;

    /**
     * Makes the folder where there is none.
     *
     * @throws UncheckedIOException in one line if it cannot be written
     * @throws IllegalStateException if another process works in it
     */
    RunFolder(Path folder) {
        this.folder = folder;
        try {
            Files.createDirectories(checkpoints());
            Files.createDirectories(folder.resolve("validation"));
            lock = FileChannel.open(folder.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (!locked()) {
                lock.close();
                throw new IllegalStateException(folder + ": another process is training there");
            }
            deleteUnfinished();
        } catch (IOException e) {
            throw new UncheckedIOException(new IOException("cannot write " + folder + ": " + e.getMessage(), e));
        }
    }

    private boolean locked() throws IOException {
        try {
            FileLock held = lock.tryLock();
            return held != null;
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    Path file(String name) { return folder.resolve(name); }

    Path checkpoints() { return folder.resolve("checkpoints"); }

    Path model() { return folder.resolve("model"); }

    Path sheet(long step) { return folder.resolve("validation").resolve("%08d.png".formatted(step)); }

    /** The configuration files of an ablated model, in this folder. */
    Path resized(Path model, Set<Ablation> ablations) {
        Path target = folder.resolve("architecture");
        try {
            delete(target);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Ablation.resize(model, target, ablations);
        return target;
    }

    void writeRun(RunFile run) {
        try {
            Files.writeString(folder.resolve("run.json"), run.json());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Writes the result, F16 as released models are; the one before stays until the new one is whole.
     *
     * @param averages what stands in for parameters, by name
     */
    void writeModel(Model model, Map<String, Tensor> averages) {
        Path next = folder.resolve(".model.next"), old = folder.resolve(".model.old");
        try {
            delete(next);
            delete(old);
            model.save(next, DType.F16, averages);
            if (Files.exists(model())) Files.move(model(), old, StandardCopyOption.ATOMIC_MOVE);
            Files.move(next, model(), StandardCopyOption.ATOMIC_MOVE);
            delete(old);
        } catch (IOException e) {
            throw new UncheckedIOException(new IOException("cannot write " + model() + ": " + e, e));
        }
    }

    /** What a killed process left; a result that it was about to replace comes back. */
    private void deleteUnfinished() throws IOException {
        Path old = folder.resolve(".model.old");
        if (Files.exists(old) && !Files.exists(model())) Files.move(old, model());
        delete(folder.resolve(".model.next"));
        delete(old);
    }

    private static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) return;
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.sorted(Comparator.reverseOrder()).toList()) Files.delete(file);
        }
    }

    @Override public void close() {
        try {
            lock.close();
        } catch (IOException e) {
            return; // it goes with the process
        }
    }
}
