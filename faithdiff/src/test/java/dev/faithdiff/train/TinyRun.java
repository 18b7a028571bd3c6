package dev.faithdiff.train;

import com.google.gson.JsonParser;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Photos and a run of some seconds for the tests of training. */
public final class TinyRun {
    private static final int SIDE = 40;

    private TinyRun() {}

    /** The configuration files of a model that trains in no time. */
    public static Path architecture() {
        try {
            return Path.of(TinyRun.class.getResource("/training/tiny").toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Waves of several colours and lengths, which a network can learn. */
    public static Path photos(Path folder, int count) throws IOException {
        Files.createDirectories(folder);
        for (int n = 0; n < count; n++) {
            byte[] rgb = new byte[3 * SIDE * SIDE];
            for (int i = 0; i < rgb.length; i++) {
                int x = i / 3 % SIDE, y = i / 3 / SIDE;
                rgb[i] = (byte) (128 + 100 * Math.sin((n + 1) * 0.11 * x + (i % 3 + 1) * 0.13 * y + n));
            }
            ImageFiles.write(Image.of(SIDE, SIDE, rgb), folder.resolve("photo" + n + ".png"));
        }
        return folder;
    }

    /** A run file over these photos. @param stages as JSON objects */
    public static String json(Path photos, int saveEvery, int validateEvery, String... stages) {
        return """
                {"model": {"architecture": "%s"}, "data": {"folder": "%s", "degradations": [{"recipe": "level1", "scale": 2}]},
                 "validation": {"folder": "%s", "photos": 1, "crop": 32, "scale": 2, "steps": 2},
                 "saveEvery": %d, "validateEvery": %d, "stages": [%s]}
                """.formatted(architecture(), photos, photos, saveEvery, validateEvery, String.join(", ", stages));
    }

    public static String stage(String objective, int steps, String more) {
        return "{\"objective\": \"%s\", \"steps\": %d, \"batch\": 2, \"crops\": [16], \"learningRate\": 0.003%s}".formatted(objective, steps, more);
    }

    static RunFile run(Path photos, int saveEvery, int validateEvery, String... stages) {
        return RunFile.of(JsonParser.parseString(json(photos, saveEvery, validateEvery, stages)).getAsJsonObject());
    }

    /** What must be the same after any interruptions: the checkpoints and the model, by name. */
    public static Map<String, byte[]> outcome(Path out) throws IOException {
        Map<String, byte[]> bytes = new TreeMap<>();
        for (String part : List.of("checkpoints", "model")) {
            try (Stream<Path> all = Files.walk(out.resolve(part))) {
                for (Path f : all.filter(Files::isRegularFile).toList()) bytes.put(out.relativize(f).toString(), Files.readAllBytes(f));
            }
        }
        return bytes;
    }

    /** Keeps the losses, and stops the run after a step. */
    static final class Watch implements Training.Observer {
        final List<Double> losses = new ArrayList<>();
        final List<String> lines = new ArrayList<>();
        private final long stopAt;
        Training training;

        Watch(long stopAt) { this.stopAt = stopAt; }

        @Override public void step(StepRecord done) {
            losses.add(done.loss());
            if (done.total() == stopAt) training.stop();
        }

        @Override public void says(String line) { lines.add(line); }
    }
}
