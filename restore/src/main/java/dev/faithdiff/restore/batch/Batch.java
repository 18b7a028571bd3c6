package dev.faithdiff.restore.batch;

import static dev.faithdiff.restore.CommonOptions.SEED;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageError;
import dev.faithdiff.image.file.Caption;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.Metadata;
import dev.faithdiff.image.file.Photo;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.batch.BatchListener.Outcome;
import dev.faithdiff.restore.diffusion.AutoPrompt;
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
import java.util.function.Function;

/**
 * Restores a list of photos with one restorer. While a photo is restored, the next one is read and the one before is written. A photo that
 * cannot be read, restored or written is reported, and the rest go on. An interrupt ends the list within a step; what is being written then
 * is written whole.
 *
 * @param settings of photos without captions
 * @param captions of photos, which take the prompt's place, or that of the prompts of tiles where the settings have a captioner write them
 */
public record Batch(Restorer restorer, ResultSettings settings, Rules rules, BatchListener listener, Function<Path, Caption> captions) {
    /**
     * How files are treated.
     *
     * @param metadata  whether results keep the photo's metadata and get the settings
     * @param overwrite whether to restore a photo whose output is there already
     * @param resume    whether each step is saved beside the output, to go on from
     * @param strict    whether damaged photos are refused, else they are restored as far as they can be read
     */
    public record Rules(boolean metadata, boolean overwrite, boolean resume, boolean strict) {}

    /** With the captions that lie beside photos. */
    public Batch(Restorer restorer, ResultSettings settings, Rules rules, BatchListener listener) {
        this(restorer, settings, rules, listener, Caption::of);
    }

    /** Restores all photos. @return true if an interrupt ended it */
    public boolean run(List<Job> jobs) {
        jobs.stream().filter(j -> !j.isStreamed()).map(Batch::folder).distinct().filter(Files::isDirectory).forEach(ImageFiles::deleteUnfinished);
        List<Job> open = jobs.stream().filter(this::isOpen).toList();
        if (!open.isEmpty() && !open.getFirst().isStreamed()) checkWritable(open.getFirst());
        ExecutorService reader = Executors.newSingleThreadExecutor(), writer = Executors.newSingleThreadExecutor();
        Future<?> written = writer.submit(() -> {});
        try {
            Future<LoadedPhoto> next = open.isEmpty() ? null : reader.submit(() -> load(open.getFirst()));
            for (int k = 0; k < open.size(); k++) {
                Future<LoadedPhoto> current = next;
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

    /** One error at the start is better than one for each photo. */
    private static void checkWritable(Job job) {
        try {
            Files.createDirectories(folder(job));
        } catch (IOException e) {
            throw new ImageError("cannot make the folder " + folder(job), e);
        }
        ImageFiles.checkWritable(job.out(), job.encoding(), 1, 1);
    }

    /** @throws ImageError if the format of the result cannot hold its size */
    public static void checkSize(Job job, Image photo, Options options) {
        if (job.isStreamed()) return;
        ResultSize size = ResultSize.of(options, photo);
        ImageFiles.checkWritable(job.out(), job.encoding(), size.width(), size.height());
    }

    private boolean isOpen(Job job) {
        if (rules.overwrite || !job.isDone()) return true;
        listener.finished(job, Outcome.SKIPPED, Map.of("otherOptions", isOther(job)));
        return false;
    }

    /** What a captioner wrote for an earlier result is not known. */
    private boolean isOther(Job job) {
        ResultSettings own = LoadedPhoto.settings(caption(job), settings, job.seed());
        return AutoPrompt.of(own.options()) == null && own.isOther(job.out());
    }

    private LoadedPhoto load(Job job) { return LoadedPhoto.of(read(job.in(), rules.strict), caption(job), settings, job.seed()); }

    /** Reads a photo. @param in {@link Job#STREAM}: all of standard input */
    public static Photo read(Path in, boolean strict) {
        return in.equals(Job.STREAM) ? ImageFiles.readPhoto(System.in, "standard input", strict) : ImageFiles.readPhoto(in, strict);
    }

    /** Writes a result. @return sentences about what its format cannot carry */
    public static List<String> write(Photo result, Job job) {
        if (job.out().equals(Job.STREAM)) return ImageFiles.write(result, System.out, job.encoding());
        return ImageFiles.write(result, job.out(), job.encoding());
    }

    private Caption caption(Job job) {
        return settings.readsText() && !job.in().equals(Job.STREAM) ? captions.apply(job.in()) : Caption.NONE;
    }

    /** Restores one photo, waits until the one before is written, and starts writing this one. */
    private Future<?> restore(Job job, Future<LoadedPhoto> loading, Future<?> before, ExecutorService writer)
            throws InterruptedException, ExecutionException {
        Map<String, Object> facts = new LinkedHashMap<>();
        long begin = System.nanoTime();
        LoadedPhoto in;
        Image restored;
        Path file = rules.resume && !job.isStreamed() ? resumeFile(job.out()) : null;
        try {
            in = loading.get();
            Image image = in.photo().visible();
            Options options = in.settings().options();
            facts.put("width", image.width());
            facts.put("height", image.height());
            if (!job.isStreamed()) Files.createDirectories(folder(job));
            checkSize(job, image, options);
            restored = listener.restoring(job, options, progress -> {
                in.remarks().forEach(progress::warn);
                return restorer.restore(image, options, progress, file);
            });
        } catch (CancellationException e) {
            throw e;
        } catch (ExecutionException e) {
            return failed(job, facts, e.getCause(), before);
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            return failed(job, facts, e, before);
        }
        Photo photo = result(in.photo(), restored, in.settings(), rules.metadata);
        facts.put("outWidth", restored.width());
        facts.put("outHeight", restored.height());
        facts.put("seconds", (System.nanoTime() - begin) / 1e9);
        if (restorer.options().contains(SEED)) facts.put("seed", in.settings().options().get(SEED));
        facts.put("settings", in.settings().values());
        before.get();
        return writer.submit(() -> write(photo, job, file, facts));
    }

    private Future<?> failed(Job job, Map<String, Object> facts, Throwable e, Future<?> before) throws InterruptedException, ExecutionException {
        before.get();
        String reason = listener.reason(e);
        facts.put("error", reason.contains(job.in().toString()) ? reason : job.in() + ": " + reason);
        listener.finished(job, Outcome.FAILED, facts);
        return before;
    }

    /** Runs on the writing thread. The next photo's report waits for it. */
    private void write(Photo photo, Job job, Path resumeFile, Map<String, Object> facts) {
        try {
            List<String> remarks = write(photo, job);
            if (!remarks.isEmpty()) facts.put("remarks", remarks);
            if (resumeFile != null) Files.deleteIfExists(resumeFile);
            listener.finished(job, Outcome.DONE, facts);
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            String reason = listener.reason(e); // an ImageError names its file, which may be one beside the result
            facts.put("error", e instanceof ImageError ? reason : "cannot write " + job.out() + ": " + reason);
            listener.finished(job, Outcome.FAILED, facts);
        }
    }

    /** Waits in spite of interrupts, since half of a photo is of no use. */
    private static void finish(Future<?> written) {
        boolean interrupted = Thread.interrupted();
        try {
            written.get();
        } catch (InterruptedException | ExecutionException e) {
            interrupted = true;
        }
        if (interrupted) Thread.currentThread().interrupt();
    }

    /** Where the restoration to an output is saved while it is not finished. */
    public static Path resumeFile(Path out) { return out.resolveSibling(out.getFileName() + ".resume"); }

    /** The photo to write: the restored image with the opacity and metadata of the input and the settings, or with the colour profile alone. */
    public static Photo result(Photo in, Image restored, ResultSettings settings, boolean metadata) {
        Metadata m = metadata ? in.metadata().withSettings(settings.toString()) : in.metadata().profileOnly();
        return in.restored(restored).with(m);
    }
}
