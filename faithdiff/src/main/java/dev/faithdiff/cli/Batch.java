package dev.faithdiff.cli;

import static dev.faithdiff.restore.CommonOptions.SEED;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.PROMPT;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;

import dev.faithdiff.cli.Report.Outcome;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.Caption;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.Metadata;
import dev.faithdiff.image.file.Photo;
import dev.faithdiff.restore.Restorer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Restores a list of photos with one model, reading the next and writing the last while one is restored. A photo that cannot be read,
 * restored or written is reported and the rest go on; an interrupt ends the list within a step, after what is being written is whole.
 *
 * @param settings  of photos without captions
 * @param metadata  whether photos keep their metadata and get the settings
 * @param overwrite whether photos are restored whose output is there already
 * @param resume    whether each step is saved beside the output, to go on from
 */
record Batch(Restorer restorer, ResultSettings settings, boolean metadata, boolean overwrite, boolean resume, Report report) {
    /** A photo in memory, with the options that its caption makes. */
    private record Loaded(Photo photo, ResultSettings settings) {}

    /** Reports each photo. @return whether it was interrupted before the end */
    boolean run(List<Job> jobs) {
        jobs.stream().map(Batch::folder).distinct().filter(Files::isDirectory).forEach(ImageFiles::deleteUnfinished);
        List<Job> open = jobs.stream().filter(this::isOpen).toList();
        if (!open.isEmpty()) checkWritable(open.getFirst());
        ExecutorService reader = Executors.newSingleThreadExecutor(), writer = Executors.newSingleThreadExecutor();
        Future<?> written = writer.submit(() -> {});
        try {
            Future<Loaded> next = open.isEmpty() ? null : reader.submit(() -> load(open.getFirst()));
            for (int k = 0; k < open.size(); k++) {
                Future<Loaded> current = next;
                int following = k + 1;
                if (following < open.size()) next = reader.submit(() -> load(open.get(following)));
                written = restore(open.get(k), current, written, writer);
            }
            written.get();
            return false;
        } catch (InterruptedException | CancellationException e) {
            finish(written);
            return true;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } finally {
            reader.shutdownNow();
            writer.shutdown();
        }
    }

    private static Path folder(Job job) { return job.out().toAbsolutePath().getParent(); }

    /** Rather one error at the start than one for each photo. */
    private static void checkWritable(Job job) {
        try {
            Files.createDirectories(folder(job));
        } catch (IOException e) {
            throw new ImageError("cannot make the folder " + folder(job), e);
        }
        ImageFiles.checkWritable(job.out());
    }

    private boolean isOpen(Job job) {
        if (overwrite || !Files.exists(job.out())) return true;
        report.finished(job, Outcome.SKIPPED, Map.of());
        return false;
    }

    private Loaded load(Job job) {
        String caption = restorer.options().contains(PROMPT) ? Caption.of(job.in()) : null;
        return new Loaded(ImageFiles.readPhoto(job.in()), caption == null ? settings : settings.withPrompt(caption));
    }

    /** Restores one photo, waits until the one before is written, and starts writing this one. */
    private Future<?> restore(Job job, Future<Loaded> loading, Future<?> before, ExecutorService writer)
            throws InterruptedException, ExecutionException {
        Map<String, Object> facts = new LinkedHashMap<>();
        long begin = System.nanoTime();
        Loaded in;
        Image restored;
        Path state = resume ? state(job.out()) : null;
        try (StepBar bar = StepBar.of(settings.options().get(STEPS), report.isQuiet())) {
            in = loading.get();
            facts.put("width", in.photo.image().width());
            facts.put("height", in.photo.image().height());
            if (resume) Files.createDirectories(folder(job));
            restored = restorer.restore(in.photo.image(), in.settings.options(), report.listener(job, bar), state);
        } catch (CancellationException e) {
            throw e;
        } catch (ExecutionException e) {
            return failed(job, facts, e.getCause(), before);
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            return failed(job, facts, e, before);
        }
        Photo photo = finished(in.photo, restored, in.settings, metadata);
        facts.put("outWidth", restored.width());
        facts.put("outHeight", restored.height());
        facts.put("seconds", (System.nanoTime() - begin) / 1e9);
        if (restorer.options().contains(SEED)) facts.put("seed", in.settings.options().get(SEED));
        facts.put("settings", in.settings.values());
        before.get();
        return writer.submit(() -> write(photo, job, state, facts));
    }

    private Future<?> failed(Job job, Map<String, Object> facts, Throwable e, Future<?> before) throws InterruptedException, ExecutionException {
        before.get();
        String reason = Main.reason(e);
        facts.put("error", reason.contains(job.in().toString()) ? reason : job.in() + ": " + reason);
        report.finished(job, Outcome.FAILED, facts);
        return before;
    }

    /** On the writing thread; the next report waits for it. */
    private void write(Photo photo, Job job, Path state, Map<String, Object> facts) {
        try {
            Files.createDirectories(folder(job));
            ImageFiles.write(photo, job.out());
            if (state != null) Files.deleteIfExists(state);
            report.finished(job, Outcome.DONE, facts);
        } catch (IOException | ImageError | OutOfMemoryError e) {
            facts.put("error", "cannot write " + job.out() + ": " + Main.reason(e));
            report.finished(job, Outcome.FAILED, facts);
        }
    }

    /** Waits in spite of interrupts: half of a photo is of no use. */
    private static void finish(Future<?> written) {
        boolean interrupted = Thread.interrupted();
        try {
            written.get();
        } catch (InterruptedException | ExecutionException e) {
            interrupted = true;
        }
        if (interrupted) Thread.currentThread().interrupt();
    }

    /** Where an unfinished restoration is kept. */
    static Path state(Path out) { return out.resolveSibling(out.getFileName() + ".resume"); }

    /** The restored photo with the opacity and metadata of the input's, or with its profile alone. */
    static Photo finished(Photo in, Image restored, ResultSettings settings, boolean metadata) {
        Metadata m = metadata ? in.metadata().withSettings(settings.toString()) : in.metadata().profileOnly();
        return in.restored(restored).with(m);
    }
}
