package dev.faithdiff.server.lab;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.server.Refusal;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Trials of kernels: one runs at a time, each in a process of its own with a time limit; the last ones are kept. */
final class Trials implements AutoCloseable {
    private static final int KEPT = 20, WAITING = 4, LINE = 1 << 23, OUTPUT = 50, OUTPUT_COLUMNS = 400;

    /** Properties that a trial takes over from the server. */
    private static final Pattern OURS = Pattern.compile("faithdiff\\.(?!stderr$|terminal$|model$).*");

    /** What is tried. @param subject the op's name, or the file of a CUDA source */
    record Order(String language, String subject, String source) {}

    /** One trial and what it found so far. */
    static final class Trial {
        private final String id;
        private final Order order;
        private final List<JsonObject> findings = new ArrayList<>();
        private boolean ended, cancelled;
        private int output;
        private String work = "starting", signal = "";
        private Process process;

        private Trial(String id, Order order) {
            this.id = id;
            this.order = order;
        }

        String id() { return id; }

        /** Findings from number {@code from} on, and whether there will be no more. */
        synchronized Map<String, Object> since(int from) {
            List<JsonObject> some = findings.subList(Math.min(from, findings.size()), findings.size());
            return Map.of("id", id, "ended", ended, "work", work, "next", findings.size(), "findings", List.copyOf(some));
        }

        private synchronized void add(JsonObject finding) {
            if (finding.get("stage").getAsString().equals("begun")) work = finding.get("work").getAsString();
            else findings.add(finding);
        }

        private void verdict(String what, String why) {
            JsonObject v = new JsonObject();
            v.addProperty("stage", "verdict");
            v.addProperty("verdict", what);
            v.addProperty("why", why);
            add(v);
        }

        private synchronized boolean hasVerdict() {
            return !findings.isEmpty() && findings.getLast().get("stage").getAsString().equals("verdict");
        }

        private void output(String line) {
            if (line.startsWith("#  SIG")) signal = ": " + line.substring(3);
            if (output++ >= OUTPUT) return;
            JsonObject o = new JsonObject();
            o.addProperty("stage", "output");
            o.addProperty("line", line.substring(0, Math.min(line.length(), OUTPUT_COLUMNS)));
            add(o);
        }
    }

    private final Map<String, Trial> all = new LinkedHashMap<>();
    private final ExecutorService worker = Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("trials").factory());
    private final SecureRandom random = new SecureRandom();
    private final Path home;
    private final int seconds;
    private int waiting;

    /** @param home of the program. @param seconds that a trial may take */
    Trials(Path home, int seconds) {
        this.home = home;
        this.seconds = seconds;
    }

    /** @throws Refusal 429 if too many wait */
    synchronized Trial begin(Order order) {
        if (waiting >= WAITING) throw new Refusal(429, "other trials wait already", seconds);
        byte[] id = new byte[12];
        random.nextBytes(id);
        Trial trial = new Trial(HexFormat.of().formatHex(id), order);
        all.put(trial.id, trial);
        all.values().stream().filter(t -> t.ended).limit(Math.max(0, all.size() - KEPT)).toList().forEach(t -> all.remove(t.id));
        waiting++;
        worker.execute(() -> run(trial));
        return trial;
    }

    /** @throws Refusal 404 */
    synchronized Trial get(String id) {
        Trial t = all.get(id);
        if (t == null) throw new Refusal(404, "there is no such trial");
        return t;
    }

    /** Ends a trial. */
    void cancel(String id) {
        Trial t = get(id);
        synchronized (t) {
            t.cancelled = true;
            if (t.process != null) t.process.destroyForcibly();
        }
    }

    private void run(Trial trial) {
        Path folder = null;
        try {
            folder = Files.createTempDirectory("faithdiff-trial");
            Path source = folder.resolve(trial.order.language.equals("cuda") ? trial.order.subject : "Trial.java");
            Files.writeString(source, trial.order.source);
            run(trial, source);
        } catch (IOException | UncheckedIOException e) {
            trial.verdict("failed", "the trial cannot run: " + e.getMessage());
        } finally {
            delete(folder);
            synchronized (trial) {
                trial.ended = true;
            }
            synchronized (this) {
                waiting--;
            }
        }
    }

    private void run(Trial trial, Path source) throws IOException {
        Process process;
        synchronized (trial) {
            if (trial.cancelled) {
                trial.verdict("cancelled", "it did not begin");
                return;
            }
            process = trial.process = new ProcessBuilder(command(trial.order, source)).redirectErrorStream(true).start();
        }
        process.getOutputStream().close();
        Thread reader = Thread.ofVirtual().start(() -> read(process, trial));
        boolean inTime;
        try {
            inTime = process.waitFor(seconds, TimeUnit.SECONDS);
            process.destroyForcibly().waitFor();
            reader.join(5000);
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            return;
        }
        int code = process.exitValue();
        String at = " in: " + trial.work;
        if (trial.cancelled) trial.verdict("cancelled", "it was ended" + at);
        else if (!inTime) trial.verdict("out of time", "it had not ended after " + seconds + " s," + at);
        else if (!trial.hasVerdict()) trial.verdict("crashed", "its process ended with exit code " + code + at + trial.signal);
    }

    private static void read(Process process, Trial trial) {
        try (BufferedReader in = process.inputReader()) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                boolean isFinding = line.startsWith(TrialProcess.MARK) && line.length() < LINE;
                if (isFinding) trial.add(JsonParser.parseString(line.substring(1)).getAsJsonObject());
                else if (!line.startsWith("WARNING: Using incubator modules")) trial.output(line);
            }
        } catch (IOException | UncheckedIOException e) {
            // The process was ended.
        }
    }

    private List<String> command(Order order, Path source) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:+UseSerialGC", "-Xmx1g", "-XX:-CreateCoredumpOnCrash", "-XX:ErrorFile=" + source + ".crash"));
        command.addAll(List.of("--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-Djava.awt.headless=true"));
        System.getProperties().forEach((name, value) -> {
            if (OURS.matcher(name.toString()).matches()) command.add("-D" + name + "=" + value);
        });
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), TrialProcess.class.getName()));
        command.addAll(List.of(order.language, order.subject, source.toString(), home.toString()));
        return command;
    }

    private static void delete(Path folder) {
        if (folder == null) return;
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted((a, b) -> b.compareTo(a)).forEach(f -> f.toFile().delete());
        } catch (IOException | UncheckedIOException e) {
            // It lies in the folder of temporary files.
        }
    }

    @Override public synchronized void close() {
        worker.shutdownNow();
        all.keySet().forEach(this::cancel);
    }
}
