package dev.faithdiff.spark;

import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.batch.Batch;
import dev.faithdiff.restore.batch.ResultSettings;
import dev.faithdiff.tensor.Device;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkFiles;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;

/** A model that this JVM has open: the first task that needs it opens it, all others share it, and with it the lock of its device. */
record OpenModel(RestoreOptions options, Restorer restorer, ResultSettings settings, Batch.Rules rules) {
    private static final Map<List<String>, OpenModel> OPEN = new HashMap<>();
    private static final String GPU = "gpu";

    /** The model that arguments of the job ask for, on the GPU that Spark gave to this task, if it gave one. */
    static OpenModel of(List<String> arguments, Configuration hadoop) {
        ResourceInformation gpu = TaskContext.get().resourcesJMap().get(GPU);
        List<String> own = RestoreOptions.on(arguments, gpu == null ? null : gpu.addresses()[0]);
        synchronized (OPEN) {
            return OPEN.computeIfAbsent(own, _ -> open(own, hadoop));
        }
    }

    private static OpenModel open(List<String> arguments, Configuration hadoop) {
        ExecutorCores.use();
        RestoreOptions options = RestoreOptions.of(local(arguments, hadoop));
        Device device = options.compute.device(_ -> {}).device();
        Restorer restorer = options.model.open(options.compute.on(device, options.model));
        try {
            return new OpenModel(options, restorer, options.model.settings(restorer, options.flags.of(restorer)), options.rules());
        } catch (Throwable e) {
            restorer.close();
            throw e;
        }
    }

    /** The arguments, with folders of this machine in the place of URIs, which are fetched. */
    private static List<String> local(List<String> arguments, Configuration hadoop) {
        List<String> local = new ArrayList<>(arguments);
        for (int i = 1; i < local.size(); i++) {
            boolean isModel = List.of(RestoreOptions.MODEL, RestoreOptions.FIRST).contains(local.get(i - 1));
            if (isModel && RestoreOptions.isUri(local.get(i))) local.set(i, fetched(local.get(i), hadoop));
        }
        return local;
    }

    /** Spark deletes the folder with the executor. */
    private static String fetched(String uri, Configuration hadoop) {
        try {
            Path from = new Path(uri);
            FileSystem system = from.getFileSystem(hadoop);
            File to = new File(new File(SparkFiles.getRootDirectory(), "models"), from.getName());
            File part = new File(to + ".part");
            if (to.exists()) return to.getPath();
            FileUtil.fullyDelete(part); // of a task that failed
            if (FileUtil.copy(system, from, part, false, hadoop) && part.renameTo(to)) return to.getPath();
            throw new IOException("it could not be written to " + part);
        } catch (IOException e) {
            throw new UncheckedIOException(new IOException("cannot fetch the model " + uri + ": " + e.getMessage(), e));
        }
    }

    /** Closes all models of this JVM. An executor's end with it. */
    static void closeAll() {
        synchronized (OPEN) {
            OPEN.values().forEach(m -> m.restorer.close());
            OPEN.clear();
        }
    }
}
