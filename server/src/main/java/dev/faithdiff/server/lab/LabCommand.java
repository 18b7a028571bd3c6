package dev.faithdiff.server.lab;

import dev.faithdiff.server.ServeCommand;
import dev.faithdiff.server.ServerOptions;
import dev.faithdiff.server.WebServer;
import dev.faithdiff.server.WebServer.PageFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Serves a page on which kernels are written, checked and timed. */
@Command(name = "lab", mixinStandardHelpOptions = true, sortOptions = false, showDefaultValues = true,
        description = "Write, check and time kernels in a browser, until Ctrl-C or SIGTERM. Whoever may ask runs code of their own on this machine.",
        footer = {"", "Exit code: 130 stopped by Ctrl-C, 143 by SIGTERM, 1 it cannot serve, 2 wrong usage. docs/lab.md says more."})
public final class LabCommand implements Callable<Integer> {
    /** The page; it looks as the other one does. */
    static final List<WebServer.Part> PAGE = List.of(
            new PageFiles(LabCommand.class, Map.of("/", "index.html", "/lab.css", "lab.css", "/lab.js", "lab.js", "/plots.js", "plots.js",
                    "/trace.js", "trace.js")),
            new PageFiles(ServeCommand.class, Map.of("/style.css", "page/style.css", "/api.js", "page/api.js", "/icon.svg", "page/icon.svg")));
    private static final long BYTES = 1 << 20;

    @Spec private CommandSpec spec;

    @Mixin private ServerOptions server;

    @Option(names = "--seconds", paramLabel = "N", description = "Seconds that a trial may take.")
    private int seconds = 60;

    @Override public Integer call() throws InterruptedException, IOException {
        if (seconds < 1) throw new ParameterException(spec.commandLine(), "--seconds must be at least 1");
        Path home = Path.of(System.getProperty("faithdiff.home", "."));
        Trials trials = new Trials(home, seconds);
        List<WebServer.Part> parts = new ArrayList<>(PAGE);
        parts.add(new LabApi(trials, new KernelSources(home)));
        WebServer web = server.start(BYTES, parts, Files.createTempDirectory("faithdiff-lab"), spec.commandLine().getErr());
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            trials.close();
            web.close();
            stopped.countDown();
        }));
        stopped.await();
        return 0;
    }
}
