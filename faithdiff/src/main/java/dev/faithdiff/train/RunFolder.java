package dev.faithdiff.train;

import dev.faithdiff.Model;
import dev.faithdiff.image.file.OutputFile;
import dev.faithdiff.model.WholeFolder;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.host.IoReason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Set;

/**
 * The folder of a training run: {@code run.json}, {@code log.jsonl}, {@code quality.jsonl}, {@code loss.png}, {@code quality.png},
 * {@code checkpoints/}, {@code validation/} and the result, {@code model/}. One process at a time works in it.
 */
final class RunFolder implements AutoCloseable {
    private final Path folder;
    private final FileChannel lock;
    private final String architecture;

    /**
     * Makes the folder where there is none.
     *
     * @throws UncheckedIOException in one line if it cannot be written
     * @throws IllegalStateException if another process works in it
     */
    RunFolder(Path folder) {
        this.folder = folder;
        architecture = "architecture";
        try {
            Files.createDirectories(checkpoints());
            Files.createDirectories(folder.resolve("validation"));
            lock = FileChannel.open(folder.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (!locked()) {
                lock.close();
                throw new IllegalStateException(folder + ": another process is training there");
            }
            WholeFolder.recover(model());
        } catch (IOException e) {
            throw new UncheckedIOException(new IOException("cannot write " + folder + ": " + IoReason.of(e), e));
        }
    }

    private RunFolder(Path folder, int rank) {
        this.folder = folder;
        lock = null;
        architecture = "architecture-" + rank;
    }

    /** The folder that the first worker holds and writes, for another one to read from. */
    static RunFolder ofWorker(Path folder, int rank) { return new RunFolder(folder, rank); }

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
        Path target = folder.resolve(architecture);
        WholeFolder.write(target, true, part -> Ablation.resize(model, part, ablations));
        return target;
    }

    void writeRun(RunFile run) { OutputFile.write(folder.resolve("run.json"), run.json()); }

    /**
     * Writes the result in F16, as released models are. The previous one stays until the new one is complete.
     *
     * @param averages averaged parameters to write instead of the model's, by name
     */
    void writeModel(Model model, Map<String, Tensor> averages) { model.save(model(), true, DType.F16, averages); }

    @Override public void close() {
        try {
            lock.close();
        } catch (IOException e) {
            return; // it goes with the process
        }
    }
}
