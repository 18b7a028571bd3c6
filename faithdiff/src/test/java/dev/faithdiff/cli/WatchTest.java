package dev.faithdiff.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.CommandLineRun;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --watch} restores what arrives and is whole, each once; {@code --json} tells of it. */
class WatchTest {
    @TempDir Path dir;

    private static CommandLineRun run(Object... args) { return CommandLineRun.of(Main::run, args); }

    private Path photo(Path file) {
        ImageFiles.write(Image.of(12, 8, new byte[3 * 12 * 8]), file);
        return file;
    }

    private static void await(Path file) throws InterruptedException {
        for (int i = 0; i < 400 && !Files.exists(file); i++) Thread.sleep(25);
        assertThat(file).exists();
    }

    /** As if it had been written long ago. */
    private static Path old(Path file) throws Exception {
        return Files.setLastModifiedTime(file, FileTime.fromMillis(System.currentTimeMillis() - 60_000));
    }

    @Test void whatArrivesIsRestoredOnceItIsWhole() throws Exception {
        Path in = Files.createDirectory(dir.resolve("in")), out = dir.resolve("out");
        old(photo(in.resolve("first.png")));
        AtomicReference<CommandLineRun> ended = new AtomicReference<>();
        Thread watch = new Thread(() -> ended.set(run("restore", "--watch", in, "-o", out, "--scale", 2, "--steps", 1, "--guard", "off",
                "--json", "-q")));
        watch.start();
        await(out.resolve("first.png"));
        Files.writeString(old(Files.writeString(in.resolve("broken.png"), "no photo")), "no photo");
        byte[] whole = Files.readAllBytes(photo(dir.resolve("second.png")));
        try (OutputStream slow = Files.newOutputStream(in.resolve("second.png"))) {
            slow.write(whole, 0, whole.length / 2);
            slow.flush();
            Thread.sleep(1200);
            assertThat(out.resolve("second.png")).doesNotExist();
            slow.write(whole, whole.length / 2, whole.length - whole.length / 2);
        }
        Files.move(old(photo(dir.resolve("moved.png"))), in.resolve("moved.png"));
        await(out.resolve("moved.png"));
        await(out.resolve("second.png"));
        Thread.sleep(700);
        watch.interrupt();
        watch.join(10_000);
        assertThat(ended.get().code()).isEqualTo(130);
        List<JsonObject> lines = ended.get().out().lines().map(l -> JsonParser.parseString(l).getAsJsonObject()).toList();
        assertThat(lines.stream().map(l -> Path.of(l.get("in").getAsString()).getFileName() + " " + l.get("outcome").getAsString()))
                .containsExactlyInAnyOrder("first.png done", "moved.png done", "second.png done", "broken.png failed");
        assertThat(lines.getFirst().get("outWidth").getAsInt()).isEqualTo(24);
    }

    @Test void whatDoesNotGoTogetherIsRefused() {
        Path photo = photo(dir.resolve("a.png"));
        for (Object[] args : new Object[][] {{"restore"}, {"restore", photo, "--watch", dir}, {"restore", "--watch", photo},
                {"restore", "--watch", dir, "--dry-run"}, {"restore", photo, "-o", dir.resolve("b.png"), "--json", "--progress", "json"},
                {"restore", photo, "-o", "-", "--json"}}) {
            assertThat(run(args).code()).as(Arrays.toString(args)).isEqualTo(2);
        }
        CommandLineRun one = run("restore", photo, "-o", dir.resolve("b.png"), "--scale", 2, "--steps", 1, "--json", "-q");
        assertThat(one.code()).isZero();
        assertThat(JsonParser.parseString(one.out()).getAsJsonObject().get("out").getAsString()).endsWith("b.png");
    }
}
