package dev.faithdiff.restore.sd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.Image;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.op.Backend;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** What holds for restorers of all systems. */
public final class AnyRestorer {
    private AnyRestorer() {}

    /** A run of three steps that ends at the second goes on from its resume file and gives what a whole run gives. @param file that is not there */
    public static void goesOnAfterAStep(Path model, Image photo, Function<Restorer, Options> options, Path file) {
        List<String> stages = new ArrayList<>();
        Listener told = new Listener() {
            @Override public void at(String stage, int step, int steps) {
                stages.add(stage + " " + step + "/" + steps);
                if (stages.equals(List.of("encode 0/0", "denoise 0/3", "denoise 1/3", "denoise 2/3"))) throw new IllegalStateException("stopped");
            }
        };
        try (Restorer r = Restorers.open(model, Device.CPU)) {
            Options own = options.apply(r);
            assertThatThrownBy(() -> r.restore(photo, own, told, file)).hasMessage("stopped");
            stages.clear();
            assertThat(r.restore(photo, own, told, file)).isEqualTo(r.restore(photo, own));
            assertThat(stages).containsExactly("encode 0/0", "denoise 2/3", "denoise 3/3", "decode 0/0");
        }
    }

    public static void givesTheSameOnAnotherDevice(Path model, Image photo, Function<Restorer, Options> options) {
        try (Restorer first = Restorers.open(model, Device.CPU); Restorer second = Restorers.open(model, Backend.device("second"))) {
            Options own = options.apply(first);
            assertThat(second.restore(photo, own)).isEqualTo(first.restore(photo, own));
        }
    }
}
