package dev.faithdiff.spark;

import dev.faithdiff.cli.DeviceChoice;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.Caption;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.image.file.Photo;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.ResultSize;
import dev.faithdiff.restore.batch.Batch;
import dev.faithdiff.restore.batch.LoadedPhoto;
import java.io.IOException;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Row;
import org.apache.spark.util.SerializableConfiguration;

/**
 * What an executor does with a share of the photos: it restores each as the command line does, and gives a row for each. A photo that cannot be
 * read, restored or written is a row, too; what fails the task is only that the model cannot be opened, or that the machine is lost.
 *
 * @param arguments  of the job
 * @param run        the application's id
 * @param unfinished the folder of results that are being written
 */
record PhotoRestoring(List<String> arguments, String run, String unfinished, Broadcast<SerializableConfiguration> hadoop, Counts counts)
        implements FlatMapFunction<Iterator<List<PhotoTask>>, Row>, Serializable {
    private interface FileWork<T> {
        T get() throws IOException;
    }

    @Override public Iterator<Row> call(Iterator<List<PhotoTask>> shares) {
        HadoopFiles files = new HadoopFiles(hadoop.value().value());
        OpenModel model = OpenModel.of(arguments, files.configuration());
        Iterable<List<PhotoTask>> all = () -> shares;
        return StreamSupport.stream(all.spliterator(), false).flatMap(List::stream).map(p -> row(p, files, model)).iterator();
    }

    private Row row(PhotoTask photo, HadoopFiles files, OpenModel model) {
        PhotoRow row = new PhotoRow(run, photo);
        try {
            if (!model.rules().overwrite() && again(model, () -> files.exists(photo.out()))) return done(row, null, List.of());
            return restored(photo, files, model, row);
        } catch (CancellationException e) {
            throw new TaskKilledException("interrupted");
        } catch (IOException | RuntimeException | OutOfMemoryError e) {
            // The copy of a task that came second is interrupted wherever it is.
            if (TaskContext.get().isInterrupted()) throw new TaskKilledException("interrupted");
            if (e instanceof RuntimeException r && DeviceChoice.isBroken(r)) throw r; // another executor may have a whole one
            counts.failed().add(1);
            String reason = String.valueOf(e.getMessage()).replaceAll("\\s*\\R\\s*", " ");
            return row.row(PhotoRow.FAILED, null, reason.contains(photo.in()) ? reason : photo.in() + ": " + reason, List.of());
        }
    }

    private Row restored(PhotoTask task, HadoopFiles files, OpenModel model, PhotoRow row) throws IOException {
        Photo photo = again(model, () -> files.read(task.in(), model.rules().strict()));
        Caption caption = model.settings().readsText() ? files.caption(task.in()) : Caption.NONE;
        LoadedPhoto loaded = LoadedPhoto.of(photo, caption, model.settings(), task.seed());
        Image image = photo.visible();
        Options options = loaded.settings().options();
        row.size(image.width(), image.height());
        ResultSize size = ResultSize.of(options, image);
        ImageFiles.checkSize(task.out(), task.encoding(), size.width(), size.height());
        long begin = System.nanoTime();
        Image restored = model.options().compute.work(() -> model.restorer().restore(image, options, Listener.NONE, null));
        row.outSize(restored.width(), restored.height());
        Photo result = Batch.result(photo, restored, loaded.settings(), model.rules().metadata());
        Path own = HadoopFiles.below(new Path(unfinished), TaskContext.get().taskAttemptId() + "." + task.encoding().format().extension());
        List<String> remarks = again(model, () -> files.write(result, task.encoding(), own, new Path(task.out()), model.rules().overwrite()));
        long nanos = System.nanoTime() - begin;
        counts.pixels().add((long) restored.width() * restored.height());
        counts.millis().add(nanos / 1_000_000);
        return done(row, nanos / 1e9, Stream.concat(loaded.remarks().stream(), remarks.stream()).toList());
    }

    private Row done(PhotoRow row, Double seconds, List<String> remarks) {
        counts.done().add(1);
        return row.row(PhotoRow.DONE, seconds, null, remarks);
    }

    /** Does work with files once more where the file system fails. That a file is no photo does not change. */
    private <T> T again(OpenModel model, FileWork<T> work) throws IOException {
        for (int left = model.options().tries - 1;; left--) {
            try {
                return work.get();
            } catch (IOException | RuntimeException e) {
                boolean isFiles = e instanceof IOException || e.getCause() instanceof IOException;
                if (left == 0 || !isFiles || TaskContext.get().isInterrupted()) throw e;
                counts.tries().add(1);
            }
        }
    }
}
