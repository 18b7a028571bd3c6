package dev.faithdiff.spark;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Executors in processes of their own, of which one is killed, and one stands still, while a task of it is at work ({@link StandingDisk}). */
@Tag("process")
class ClusterTest {
    private static final int PHOTOS = 12;
    private static final String[] HOW = {"--scale", "2", "--steps", "4"};

    @TempDir private static Path dir;
    private static Path in, plain;
    private static SparkHome home;

    @TempDir private Path own;
    private Path out, stand;
    private Process driver;

    @BeforeAll static void photos() throws Exception {
        in = Files.createDirectories(dir.resolve("in"));
        plain = dir.resolve("plain");
        home = SparkHome.make(dir.resolve("spark"));
        for (int i = 0; i < PHOTOS; i++) Photos.write(in.resolve("p" + i + ".png"), 64, 48 + 4 * (i % 3), i);
        int code = Photos.plainly(dir.resolve("log"), all(in.toString(), "-o", plain.toString()));
        assertThat(code).as(Files.readString(dir.resolve("log"))).isZero();
    }

    private static String[] all(String... more) { return Stream.of(more, HOW).flatMap(Arrays::stream).toArray(String[]::new); }

    /** Settings under which one task stands still. */
    private List<String> conf(String... more) throws Exception {
        stand = Files.createFile(own.resolve("stand"));
        List<String> conf = new ArrayList<>(List.of("spark.ui.enabled=false", "spark.local.dir=" + own.resolve("local"), "spark.jars=" + home.jars(),
                "spark.executor.extraJavaOptions=" + String.join(" ", Photos.jvm()) + " -Dfaithdiff.threads=1",
                "spark.executor.extraClassPath=" + tests(), "spark.hadoop.fs.file.impl=" + StandingDisk.class.getName(),
                "spark.hadoop." + StandingDisk.PROPERTY + "=" + stand));
        conf.addAll(Arrays.asList(more));
        return conf;
    }

    private static Path tests() throws Exception { return Path.of(TwoHosts.class.getProtectionDomain().getCodeSource().getLocation().toURI()); }

    private String[] job() {
        out = own.resolve("out");
        return all(in.toString(), "-o", out.toString(), "--table-format", "json");
    }

    /** The executor one of whose tasks stands still. */
    private ProcessHandle executor() throws Exception {
        await("a task that stands still", () -> standing() != null);
        return standing();
    }

    private ProcessHandle standing() {
        return driver.descendants().filter(p -> Files.exists(StandingDisk.standing(stand, p.pid()))).findFirst().orElse(null);
    }

    private long results() {
        try (Stream<Path> files = Files.list(out)) {
            return files.filter(Files::isRegularFile).count();
        } catch (IOException e) {
            return 0;
        }
    }

    private void await(String what, BooleanSupplier holds) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(3);
        while (!holds.getAsBoolean()) {
            assertThat(driver.isAlive() && System.nanoTime() < deadline).as(what + ": " + Files.readString(own.resolve("log"))).isTrue();
            Thread.sleep(20);
        }
    }

    private void assertWhole() throws Exception {
        assertThat(driver.waitFor(3, TimeUnit.MINUTES)).isTrue();
        String log = Files.readString(own.resolve("log"));
        assertThat(driver.exitValue()).as(log).isZero();
        assertThat(log).contains("12 restored, 0 already there, 0 failed");
        Map<String, byte[]> expected = Photos.bytes(plain), got = Photos.bytes(out);
        got.keySet().removeIf(name -> name.startsWith("_unfinished/"));
        assertThat(got.keySet()).isEqualTo(expected.keySet()).hasSize(PHOTOS);
        got.forEach((name, bytes) -> assertThat(bytes).as(name).isEqualTo(expected.get(name)));
        List<JsonObject> rows = rows();
        assertThat(rows.stream().map(r -> r.get("photo").getAsString()).distinct()).hasSize(PHOTOS);
        assertThat(rows).hasSize(PHOTOS).allMatch(r -> r.get("outcome").getAsString().equals("done"));
        assertThat(rows).as("one ran again").anyMatch(r -> r.get("attempt").getAsInt() > 0);
    }

    private List<JsonObject> rows() throws IOException {
        List<JsonObject> rows = new ArrayList<>();
        try (Stream<Path> files = Files.list(out.resolve("_photos"))) {
            for (Path f : files.filter(f -> f.toString().endsWith(".json")).toList()) {
                for (String line : Files.readAllLines(f)) rows.add(JsonParser.parseString(line).getAsJsonObject());
            }
        }
        return rows;
    }

    @Test void aKilledExecutorLosesAndDoublesNothing() throws Exception {
        List<String> submit = new ArrayList<>(List.of("--master", "local-cluster[2,1,4096]", "--class", RestoreJob.class.getName()));
        conf().forEach(c -> submit.addAll(List.of("--conf", c)));
        submit.add(home.program().getLast().toString());
        submit.addAll(List.of(job()));
        driver = home.driver(own.resolve("log"), ":" + tests(), List.of(), "org.apache.spark.deploy.SparkSubmit", submit);
        try {
            ProcessHandle hit = executor();
            await("some results", () -> results() >= 3);
            assertThat(hit.destroyForcibly()).isTrue();
            assertWhole();
        } finally {
            end();
        }
    }

    /** A speculative copy does its work, and wakes it while the job ends. */
    @Test void theCopyOfATaskThatStandsStillLosesAndDoublesNothing() throws Exception {
        List<String> flags = conf("spark.speculation=true", "spark.speculation.quantile=0.1", "spark.speculation.multiplier=1",
                "spark.speculation.minTaskRuntime=0", "spark.speculation.interval=10ms").stream().map(c -> "-D" + c).toList();
        List<String> arguments = new ArrayList<>(List.of(own.resolve("workers").toString()));
        arguments.addAll(List.of(job()));
        String classes = ":" + tests() + ":" + home.jars().replace(',', ':');
        driver = home.driver(own.resolve("log"), classes, flags, TwoHosts.class.getName(), arguments);
        ProcessHandle slow = null;
        try {
            slow = executor();
            signal(slow, "STOP");
            await("results without it", () -> results() == PHOTOS);
            Files.delete(StandingDisk.standing(stand, slow.pid()));
            signal(slow, "CONT");
            assertWhole();
        } finally {
            if (slow != null) slow.destroyForcibly();
            end();
        }
    }

    private static void signal(ProcessHandle process, String name) throws Exception {
        assertThat(new ProcessBuilder("kill", "-" + name, "" + process.pid()).start().waitFor()).isZero();
    }

    private void end() throws InterruptedException {
        List<ProcessHandle> all = driver.descendants().toList();
        driver.destroyForcibly().waitFor();
        all.forEach(ProcessHandle::destroyForcibly);
    }
}
