package dev.faithdiff.train;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.SafeTensorsError;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Everything from which a run continues to the same bits, in one file {@code STEP.safetensors}: the tensors, and as metadata the position
 * and the run's settings. Random numbers and crops follow from seed and position, so they are not stored. A file appears whole or not at
 * all. The last two are kept.
 */
final class Checkpoint implements AutoCloseable {
    /**
     * Where a run is.
     *
     * @param stage          its number from 0
     * @param step           steps done in the stage
     * @param total          steps done in all stages
     * @param optimizerSteps steps that the optimizer counts
     * @param averagings     updates of the averaged weights
     */
    record Position(int stage, long step, long total, long optimizerSteps, long averagings) {
        private String text() { return stage + " " + step + " " + total + " " + optimizerSteps + " " + averagings; }

        private static Position of(String text) {
            String[] n = text.split(" ");
            return new Position(Integer.parseInt(n[0]), Long.parseLong(n[1]), Long.parseLong(n[2]), Long.parseLong(n[3]), Long.parseLong(n[4]));
        }
    }

    private static final int KEPT = 2;
    private static final String NAME = "\\d{8}\\.safetensors";

    private final SafeTensors file;
    private final Path path;

    private Checkpoint(Path path) {
        this.path = path;
        file = SafeTensors.open(path);
        if (!file.metadata().keySet().containsAll(List.of("position", "run"))) {
            file.close();
            throw new SafeTensorsError(path, "is not a checkpoint of a training run");
        }
    }

    /** Writes a checkpoint and removes all but the last two. @throws SafeTensorsError if the disk refuses; older ones then stay */
    static void save(Path folder, Position position, RunFile run, Map<String, Tensor> tensors) {
        List<Source> sources = new ArrayList<>();
        tensors.forEach((name, t) -> sources.add(Source.made(name, t.dtype(), t.shape(), () -> t.to(Device.CPU))));
        Path path = folder.resolve("%08d.safetensors".formatted(position.total));
        SafeTensors.write(path, sources, Map.of("position", position.text(), "run", run.json()));
        List<Path> all = list(folder);
        for (Path old : all.subList(0, Math.max(0, all.size() - KEPT))) old.toFile().delete();
    }

    /** The newest readable checkpoint of a folder, and removes what a killed process left; null if there is none. */
    static Checkpoint newest(Path folder) {
        deleteUnfinished(folder);
        SafeTensorsError failure = null;
        for (Path path : list(folder).reversed()) {
            try {
                return new Checkpoint(path);
            } catch (SafeTensorsError e) {
                failure = e;
            }
        }
        if (failure != null) throw failure;
        return null;
    }

    /** Checkpoints of a folder, oldest first. */
    static List<Path> list(Path folder) {
        if (!Files.isDirectory(folder)) return List.of();
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(f -> f.getFileName().toString().matches(NAME) && Files.isRegularFile(f)).sorted(Comparator.naturalOrder()).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void deleteUnfinished(Path folder) {
        if (!Files.isDirectory(folder)) return;
        try (Stream<Path> files = Files.list(folder)) {
            files.filter(f -> f.getFileName().toString().matches("\\." + NAME + "\\..*\\.tmp")).forEach(f -> f.toFile().delete());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path path() { return path; }

    /** @throws SafeTensorsError if the file does not say it */
    Position position() {
        try {
            return Position.of(file.metadata().get("position"));
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
            throw new SafeTensorsError(path, "has no position in a run", e);
        }
    }

    /** The settings of the run that wrote it, as {@link RunFile#json} gives them. */
    String run() { return file.metadata().get("run"); }

    /** Fills each tensor with the stored one of its name. @throws SafeTensorsError if one is missing or of another kind */
    void into(Map<String, Tensor> tensors) {
        tensors.forEach((name, t) -> {
            SafeTensors.Entry e = file.entries().get(name);
            DType dtype = e == null ? null : e.dtype();
            Shape shape = e == null ? null : e.shape();
            if (t.dtype() != dtype || !t.shape().equals(shape)) {
                throw new SafeTensorsError(path, e == null ? name + " is missing" : name + " is " + dtype + shape + ", not " + t.dtype() + t.shape());
            }
            t.device().upload(e.data(), t.storage(), t.offset());
        });
    }

    @Override public void close() { file.close(); }
}
