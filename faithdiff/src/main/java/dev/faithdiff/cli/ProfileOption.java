package dev.faithdiff.cli;

import dev.faithdiff.image.Image;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Engine;
import java.nio.file.Path;
import java.util.function.Function;
import picocli.CommandLine.Option;

/** Shows where the time of one photo goes. */
final class ProfileOption {
    @Option(names = "--profile", paramLabel = "FILE", description = "For one photo: print where the time went, and write a trace (.json) "
            + "for https://ui.perfetto.dev or chrome://tracing.")
    private Path trace;

    @Option(names = "--warmup", paramLabel = "N", description = "With --profile: first restore the photo N times, unmeasured.")
    private int warmup;

    @Option(names = "--repeat", paramLabel = "N", description = "With --profile: restore the photo N times and measure all of them.")
    private int repeat = 1;

    /** @param tables of where the time went */
    record Profiled(Image image, String tables) {}

    boolean isAsked() { return trace != null; }

    /** @throws IllegalArgumentException in one line, if the options do not fit together */
    void check() {
        if (!isAsked() && (warmup != 0 || repeat != 1)) throw new IllegalArgumentException("--warmup and --repeat go with --profile");
        if (warmup < 0 || repeat < 1) throw new IllegalArgumentException("--warmup must be at least 0, and --repeat at least 1");
    }

    /** Restores a photo as often as was asked for. @param once with what hears of its stages @param last the same, for the last time */
    Profiled run(Device on, Function<Listener, Image> once, Function<Listener, Image> last) {
        for (int i = 0; i < warmup; i++) once.apply(Listener.NONE);
        try (Profile profile = new Profile(trace)) {
            Image image = Engine.observed(profile, () -> {
                for (int i = 1; i < repeat; i++) once.apply(profile.stages());
                return last.apply(profile.stages());
            });
            return new Profiled(image, profile.end(on));
        }
    }
}
