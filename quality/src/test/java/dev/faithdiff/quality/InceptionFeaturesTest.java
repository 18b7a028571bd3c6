package dev.faithdiff.quality;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.quality.InceptionFeatures.Resizing;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the Frechet distance sees in images, against the published code. */
@Tag("full")
class InceptionFeaturesTest {
    private static final Map<String, Resizing> PUBLISHED = Map.of("clean", Resizing.CLEAN, "legacy_pytorch", Resizing.LEGACY);

    private static final Path HOME = Path.of(System.getProperty("faithdiff.home"));

    private static Image image(String name) { return ImageFiles.read(Fixtures.path("iqa/images/" + name + ".png")); }

    @Test void features(@TempDir Path folder) throws IOException {
        JsonObject facts = Fixtures.json("inception/inception.json"), values = facts.getAsJsonObject("values");
        Path model = ConvertedMeasure.of(folder, InceptionFeatures.KIND, null, "inception/weights.safetensors");
        try (InceptionFeatures features = InceptionFeatures.open(model, PUBLISHED.get(facts.get("resizing").getAsString()), Device.CPU)) {
            for (String name : values.keySet()) {
                JsonObject stored = values.getAsJsonObject(name);
                JsonArray expected = stored.getAsJsonArray("features");
                float[] wanted = new float[expected.size()], got = new float[wanted.length];
                double[] of = features.of(ImageFiles.read(HOME.resolve(name)));
                for (int i = 0; i < wanted.length; i++) {
                    wanted[i] = expected.get(i).getAsFloat();
                    got[i] = (float) of[i];
                }
                Fixtures.assertClose(name, got, wanted, stored.get("atol").getAsDouble());
            }
        }
    }

    /** Images at the sides that the stored ones have, of values 0..255. */
    @Test void resizing() {
        JsonObject facts = Fixtures.json("iqa/fid/fid.json");
        Fixtures stored = Fixtures.open("iqa/fid/tensors.safetensors");
        for (String name : stored.names()) {
            String[] words = name.split("\\.");
            Resizing resizing = PUBLISHED.get(words[0]);
            if (resizing == null) continue;
            int side = Integer.parseInt(words[2]);
            try (Scope _ = Scope.open()) {
                Tensor x = resizing.of(image(words[1]), side);
                double tolerance = facts.getAsJsonObject("tensors").getAsJsonObject(name).get("atol").getAsDouble();
                Fixtures.assertClose(name, x.reshape(side * side, 3).permute(1, 0).toFloats(), stored.floats(name), tolerance);
            }
        }
    }
}
