import static dev.faithdiff.restore.CommonOptions.FIDELITY;
import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.CommonOptions.SEED;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.Guard;
import dev.faithdiff.restore.Listener;
import dev.faithdiff.restore.Options;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.tensor.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * Restores one photo from Java. It shows progress, writes a preview half-way, warns if the photo is hardly damaged, and resumes after a crash.
 *
 * <p>Build FaithDiff once with {@code mvn -q package -DskipTests}, which leaves all jars in {@code target/app}. Then, in its folder:
 * <pre>
 * javac -cp 'target/app/*' -d target/example examples/RestorePhoto.java
 * java --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -cp 'target/example:target/app/*' \
 *     RestorePhoto models/faithdiff-mini samples/chelsea-degraded.jpg restored.png
 * </pre>
 */
public final class RestorePhoto {
    private RestorePhoto() {}

    public static void main(String[] args) throws IOException {
        Path model = Path.of(args[0]), in = Path.of(args[1]), out = Path.of(args[2]), resume = Path.of(args[2] + ".resume");

        Listener listener = new Listener() {
            @Override public void at(String stage, int step, int steps) {
                System.out.println(steps == 0 ? stage : "step " + step + " of " + steps);
                // A java.util.concurrent.CancellationException thrown here would end the restoration; so would interrupting the thread.
            }

            @Override public void preview(int step, int steps, Supplier<Image> image) {
                if (step == steps / 2) ImageFiles.write(image.get(), out.resolveSibling("preview.png"));
            }

            @Override public void warn(String line) { System.out.println(line); }
        };

        // One restorer serves any number of photos and threads; weights are loaded once.
        try (Restorer restorer = Restorers.open(model, Device.CPU)) {
            Options options = restorer.defaults()    // the model's own values, else the published ones
                    .with(SCALE, 2.0)                // or SIZE "1920x1080", or LONG_SIDE 1600
                    .with(SEED, 7L)
                    .with(FIDELITY, 0.2)             // a share of the enlarged photo
                    .with(GUARD, Guard.AUTO);        // a lower strength if the photo is hardly damaged
            Image restored = restorer.restore(ImageFiles.read(in), options, listener, resume);
            ImageFiles.write(restored, out);         // the file appears whole or not at all
            Files.deleteIfExists(resume);
        }
    }
}
