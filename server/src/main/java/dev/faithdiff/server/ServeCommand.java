package dev.faithdiff.server;

import dev.faithdiff.cli.DeviceChoice;
import dev.faithdiff.model.ModelPlaces;
import dev.faithdiff.report.ReportingListener;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.Compute.NumberType;
import dev.faithdiff.restore.Offload;
import dev.faithdiff.server.WebServer.PageFiles;
import dev.faithdiff.server.api.ServerMetrics;
import dev.faithdiff.server.api.RestorationApi;
import dev.faithdiff.server.job.RestorationStore;
import dev.faithdiff.server.job.Restorations;
import dev.faithdiff.server.job.ServedModel;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Serves a page and an API that restore photos, until it is told to stop. */
@Command(name = "serve", mixinStandardHelpOptions = true, sortOptions = false, showDefaultValues = true,
        description = "Restore photos from a page in a browser and by an HTTP API, until Ctrl-C or SIGTERM.",
        footer = {"", "Exit code: 130 stopped by Ctrl-C, 143 by SIGTERM, 1 it cannot serve, 2 wrong usage. docs/serving.md says more."})
public final class ServeCommand implements Callable<Integer> {
    /** The files of the page, by path. */
    static final PageFiles PAGE = new PageFiles(ServeCommand.class, Map.of("/", "page/index.html", "/style.css", "page/style.css",
            "/app.js", "page/app.js", "/api.js", "page/api.js", "/form.js", "page/form.js", "/result.js", "page/result.js",
            "/icon.svg", "page/icon.svg"));
    /** How the report's page shows a photo and its result is how this one does. */
    static final PageFiles VIEWER = new PageFiles(ReportingListener.class, Map.of("/viewer.js", "viewer.js"));

    @Spec private CommandSpec spec;

    @Mixin private ServerOptions server;

    @Option(names = "--model", paramLabel = "MODEL", arity = "1..*", showDefaultValue = Visibility.NEVER,
            description = "Folders or names of the models that may be chosen, the first being the usual one (default: "
                    + "the bundled model and all others that 'faithdiff models' shows).")
    private List<Path> models = List.of();

    @Mixin private DeviceChoice device;

    @Option(names = {"--precision", "--dtype"}, paramLabel = "NAME", description = "The type in which networks compute, as for restore: "
            + "${COMPLETION-CANDIDATES}.")
    private NumberType precision;

    @Option(names = "--offload", paramLabel = "NAME", description = "Which weights leave the GPU's memory while they are not needed: "
            + "${COMPLETION-CANDIDATES}.")
    private Offload offload = Offload.AUTO;

    @Option(names = "--max-bytes", paramLabel = "N", description = "Bytes that a request may have, in MiB.")
    private int megabytes = 64;

    @Option(names = "--max-pixels", paramLabel = "N", description = "Pixels that a photo and a result may have, in megapixels of 2^20.")
    private int megapixels = 64;

    @Option(names = "--queue", paramLabel = "N", description = "Photos that may wait.")
    private int queue = 100;

    @Option(names = "--max-minutes", paramLabel = "N", description = "Minutes that one restoration may take.")
    private int minutes = 60;

    @Option(names = "--keep-hours", paramLabel = "N", description = "Hours for which photos and results are kept.")
    private int hours = 168;

    @Option(names = "--keep-gigabytes", paramLabel = "N", description = "Room on the disk for photos and results; the oldest go first.")
    private int gigabytes = 20;

    @Option(names = "--grace", paramLabel = "SECONDS", description = "Time that the restoration under way has when the server is told to stop. "
            + "After it, it goes back to the queue, which the next start takes up.")
    private int grace = 20;

    @Override public Integer call() throws InterruptedException {
        for (int n : new int[] {megabytes, megapixels, queue, minutes, hours, gigabytes}) {
            if (n < 1) throw new ParameterException(spec.commandLine(), "limits must be at least 1");
        }
        PrintWriter err = spec.commandLine().getErr();
        Device on = device.open(precision == null ? DType.F16 : precision.activations(), line -> err.println("faithdiff: " + line)).device();
        ServerMetrics metrics = new ServerMetrics();
        RestorationStore store = new RestorationStore(server.state());
        Restorations.Room room = new Restorations.Room(queue, 60 * minutes, hours, gigabytes * 1_000_000_000L, grace);
        Restorations all = new Restorations(store, models(new Compute(on, precision(on), offload)), room, new DeviceLock(), metrics::ended);
        long bytes = (long) megabytes << 20;
        RestorationApi api = new RestorationApi(all, new RestorationApi.Allowed(bytes, (long) megapixels << 20), metrics);
        WebServer web = server.start(bytes, List.of(api, PAGE, VIEWER), store.temporary(), err);
        all.start();
        err.flush();
        serveUntilStopped(web, all);
        return 0;
    }

    private NumberType precision(Device on) {
        try {
            return DeviceChoice.precision(precision, on);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage());
        }
    }

    private Map<String, ServedModel> models(Compute on) {
        List<Path> asked = new ArrayList<>(models);
        if (asked.isEmpty()) {
            asked.add(null);
            asked.addAll(ModelPlaces.installed());
        }
        Map<String, ServedModel> all = new LinkedHashMap<>();
        for (Path p : asked) {
            ServedModel model = new ServedModel(p, on);
            all.putIfAbsent(model.name(), model);
        }
        all.values().iterator().next().options(); // what is wrong with the usual one is better said now
        return all;
    }

    /** Stops in order when the process is told to end: first no more photos, then the worker, then the connections. */
    static void serveUntilStopped(WebServer web, Restorations all) throws InterruptedException {
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            all.close();
            web.close();
            stopped.countDown();
        }));
        stopped.await();
    }
}
