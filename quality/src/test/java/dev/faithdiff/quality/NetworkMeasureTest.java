package dev.faithdiff.quality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.networks.score.ScorerKind;
import dev.faithdiff.quality.NetworkMeasure.Preparation;
import dev.faithdiff.quality.ocr.TextReader;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.op.Backend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Small random networks, converted from files in the released layouts, against values of the published code. */
@Tag("full")
class NetworkMeasureTest {
    @TempDir Path folder;

    /** A measure, and what it must give. @param reference null if it needs none */
    private record Case(String image, Image reference, double value, double tolerance) {}

    /** Of the images that the set holds; the first one also on another device, which must give the same. */
    private static void gives(NetworkMeasure measure, String images, List<Case> cases) {
        List<Case> stored = cases.stream().filter(c -> Files.exists(file(images, c.image))).toList();
        assertThat(stored).as(measure.name()).isNotEmpty();
        try (measure; NetworkMeasure elsewhere = measure.on(Backend.device("second"))) {
            for (Case c : stored) {
                double value = measure.of(image(images, c.image), c.reference);
                assertThat(value).as(measure.name() + " of " + c.image).isCloseTo(c.value, within(c.tolerance));
                if (c == stored.getFirst()) assertThat(elsewhere.of(image(images, c.image), c.reference)).as(measure.name()).isEqualTo(value);
            }
        }
    }

    private static Path file(String images, String name) { return Fixtures.path(images + "/" + name + ".png"); }

    private static Image image(String images, String name) { return ImageFiles.read(file(images, name)); }

    private NetworkMeasure measure(ScorerKind kind, Preparation preparation, JsonObject settings, String... files) throws IOException {
        return new NetworkMeasure(kind, preparation, ConvertedMeasure.of(folder, kind.toString(), settings, files), Device.CPU);
    }

    /** Cases of values by image, where each has a {@code value} and an {@code atol}. */
    private static List<Case> cases(JsonObject values, Image reference) {
        return values.entrySet().stream().map(e -> of(e.getKey(), e.getValue().getAsJsonObject(), reference)).toList();
    }

    private static Case of(String image, JsonObject value, Image reference) {
        return new Case(image, reference, value.get("value").getAsDouble(), value.get("atol").getAsDouble());
    }

    static JsonObject heads(int heads) {
        JsonObject settings = new JsonObject();
        settings.addProperty("heads", heads);
        return settings;
    }

    @Test void lpips() throws IOException {
        JsonObject json = Fixtures.json("metrics/metrics.json");
        double tolerance = json.getAsJsonObject("suggested_atol").get("lpips").getAsDouble();
        Image reference = image("metrics", "ref");
        for (String net : new String[] {"alex", "vgg"}) {
            List<Case> cases = json.getAsJsonObject("values").entrySet().stream()
                    .map(e -> new Case(e.getKey().equals("identical") ? "ref" : e.getKey(), reference,
                            e.getValue().getAsJsonObject().get("lpips_" + net).getAsDouble(), tolerance)).toList();
            ScorerKind kind = ScorerKind.of("lpips-" + net).orElseThrow();
            gives(measure(kind, Preparation.NONE, null, "metrics/lpips_" + net + ".safetensors"), "metrics", cases);
        }
    }

    @Test void dists() throws IOException {
        JsonObject values = Fixtures.json("iqa/dists/dists.json").getAsJsonObject("values_against_photo");
        NetworkMeasure measure = measure(ScorerKind.DISTS, Preparation.NONE, null, "iqa/dists/weights.safetensors");
        gives(measure, "iqa/images", cases(values, image("iqa/images", "photo")));
    }

    @Test void alignment() throws IOException {
        JsonObject cosines = Fixtures.json("iqa/alignment/alignment.json").getAsJsonObject("cosine_with_photo");
        Image reference = image("iqa/images", "photo");
        NetworkMeasure crop = measure(ScorerKind.ALIGNMENT, Preparation.CROP, null, "iqa/clipiqa/vit.safetensors");
        NetworkMeasure squash = measure(ScorerKind.ALIGNMENT, Preparation.SQUASH, null, "iqa/clipiqa/vit.safetensors");
        for (NetworkMeasure measure : new NetworkMeasure[] {crop, squash}) {
            String way = measure == crop ? "crop" : "squash";
            for (String name : cosines.keySet()) {
                if (!Files.exists(file("iqa/images", name))) continue;
                Case c = of(name, cosines.getAsJsonObject(name).getAsJsonObject(way), reference);
                double value = aligned(measure, image("iqa/images", name), reference);
                assertThat(value).as(way + " " + name).isCloseTo(c.value, within(c.tolerance));
            }
            measure.close();
        }
    }

    /** The fixture compares images of other sizes, too, which the measure itself refuses. */
    private static double aligned(NetworkMeasure measure, Image image, Image reference) {
        if (image.width() == reference.width() && image.height() == reference.height()) return measure.of(image, reference);
        assertThatThrownBy(() -> measure.of(image, reference)).isInstanceOf(MeasureError.class).hasMessageContaining("compares images of one size");
        return measure.value(image, reference);
    }

    /** The names of transformers. */
    @Test void alignmentOfTransformersNames() throws IOException {
        JsonObject json = Fixtures.json("metrics/metrics.json"), config = Fixtures.json("metrics/clip_vision_config.json");
        double tolerance = json.getAsJsonObject("suggested_atol").get("clip_cosine").getAsDouble();
        JsonObject values = json.getAsJsonObject("values");
        Image reference = image("metrics", "ref");
        List<Case> cases = values.entrySet().stream().filter(e -> e.getValue().getAsJsonObject().has("clip_cosine"))
                .map(e -> new Case(e.getKey(), reference, e.getValue().getAsJsonObject().get("clip_cosine").getAsDouble(), tolerance)).toList();
        gives(measure(ScorerKind.ALIGNMENT, Preparation.CROP, heads(config.get("num_attention_heads").getAsInt()), "metrics/clip_vision.safetensors"),
                "metrics", cases);
    }

    @Test void musiq() throws IOException {
        JsonObject json = Fixtures.json("iqa/musiq/musiq.json"), values = json.getAsJsonObject("values");
        JsonObject heads = heads(json.getAsJsonObject("config").get("num_heads").getAsInt());
        gives(measure(ScorerKind.MUSIQ, Preparation.NONE, heads, "iqa/musiq/weights.safetensors"), "iqa/images", cases(values, null));
        List<Case> marks = values.entrySet().stream().map(e -> of(e.getKey(), e.getValue().getAsJsonObject().getAsJsonObject("ten_classes")
                .getAsJsonObject("mos"), null)).toList();
        Path headless = without("head.", Fixtures.path("iqa/musiq/weights.safetensors"));
        Path ava = ConvertedMeasure.of(folder, ScorerKind.MUSIQ_AVA.toString(), heads, headless,
                Fixtures.path("iqa/musiq/head_10_classes.safetensors"));
        gives(new NetworkMeasure(ScorerKind.MUSIQ_AVA, Preparation.NONE, ava, Device.CPU), "iqa/images", marks);
    }

    /** A copy without the tensors whose names begin so. */
    private Path without(String start, Path file) throws IOException {
        Path copy = Files.createTempFile(folder, "part", ".safetensors");
        try (SafeTensors all = SafeTensors.open(file)) {
            SafeTensors.write(copy, all.entries().values().stream().filter(e -> !e.name().startsWith(start)).toList(), Map.of());
        }
        return copy;
    }

    @Test void clipIqa() throws IOException {
        JsonObject values = Fixtures.json("iqa/clipiqa/clipiqa.json").getAsJsonObject("values");
        JsonObject words = prompts(false), learned = prompts(true);
        for (Map.Entry<ScorerKind, String[]> e : Map.of(ScorerKind.CLIPIQA, new String[] {"rn50"},
                ScorerKind.CLIPIQA_PLUS, new String[] {"rn50", "prompts_rn50"},
                ScorerKind.CLIPIQA_PLUS_RN50, new String[] {"prompts_rn50_512", "rn50"},
                ScorerKind.CLIPIQA_PLUS_VIT, new String[] {"vit", "prompts_vitL14_512"}).entrySet()) {
            String[] files = e.getValue().clone();
            for (int i = 0; i < files.length; i++) files[i] = "iqa/clipiqa/" + files[i] + ".safetensors";
            NetworkMeasure measure = measure(e.getKey(), Preparation.NONE, e.getKey() == ScorerKind.CLIPIQA ? words : learned, files);
            gives(measure, "iqa/images", cases(values.getAsJsonObject(e.getKey().toString()), null));
        }
    }

    /** The small vocabulary's prompts, as model.json has them. @param learned those with learned vectors, else those of words alone */
    static JsonObject prompts(boolean learned) {
        JsonObject settings = new JsonObject();
        JsonArray all = new JsonArray();
        for (JsonElement prompt : Fixtures.json("iqa/clipiqa/tokens.json").getAsJsonArray("tiny_ids")) {
            JsonArray a = prompt.getAsJsonArray();
            if (learned && a.size() >= 21) all.add(without(a));
            else if (!learned && a.size() < 21) all.add(a);
        }
        settings.add("prompts", all);
        return settings;
    }

    /** A learned prompt's start, words and end, without the 16 tokens that stand for vectors. */
    private static JsonArray without(JsonArray prompt) {
        JsonArray rest = new JsonArray();
        for (int i = 0; i < prompt.size(); i++) if (i == 0 || i > 16) rest.add(prompt.get(i));
        return rest;
    }

    @Test void maniqa() throws IOException {
        JsonObject json = Fixtures.json("iqa/maniqa/maniqa.json");
        NetworkMeasure measure = measure(ScorerKind.MANIQA_PIPAL, Preparation.NONE, heads(json.getAsJsonObject("config").get("vit_heads").getAsInt()),
                "iqa/maniqa/weights.safetensors");
        gives(measure, "iqa/images", cases(json.getAsJsonObject("values"), null));
    }

    @Test void paq2piq() throws IOException {
        JsonObject values = Fixtures.json("iqa/paq2piq/paq2piq.json").getAsJsonObject("values");
        gives(measure(ScorerKind.PAQ2PIQ, Preparation.NONE, null, "iqa/paq2piq/weights.safetensors"), "iqa/images", cases(values, null));
    }

    /** A folder of model folders is where measures find their networks; what lies there besides is no matter. */
    @Test void isFoundInAFolder() throws IOException {
        Path made = ConvertedMeasure.of(folder, "dists", null, "iqa/dists/weights.safetensors");
        Path weights = made.getParent();
        Files.writeString(Files.createDirectory(weights.resolve("broken")).resolve("model.json"), "{");
        Measures.Setup setup = new Measures.Setup(Pristine.published(), new TextReader(TextReader.INITIAL), null, weights, Device.CPU);
        Map<String, Measures.Entry> all = Measures.all(setup).stream().collect(Collectors.toMap(e -> e.measure().name(), e -> e));
        Image photo = image("iqa/images", "photo");
        assertThat(all.get("dists").missing()).isNull();
        assertThat(all.get("dists").measure().of(photo, photo)).isZero();
        Measure musiq = all.get("musiq").measure();
        assertThat(all.get("musiq").missing()).contains("convert --metric musiq FILE... -o " + weights.resolve("musiq"));
        assertThatThrownBy(() -> musiq.of(photo, null)).isInstanceOf(MeasureError.class).hasMessageStartingWith("musiq: no folder in");
    }

    @Test void refusesWhatItCannotMeasure() throws IOException {
        Path made = ConvertedMeasure.of(folder, "lpips-alex", null, "metrics/lpips_alex.safetensors");
        Image photo = image("metrics", "ref"), small = photo.crop(0, 0, 40, 30);
        try (NetworkMeasure lpips = new NetworkMeasure(ScorerKind.LPIPS_ALEX, Preparation.NONE, made, Device.CPU);
                NetworkMeasure dists = new NetworkMeasure(ScorerKind.DISTS, Preparation.NONE, made, Device.CPU)) {
            assertThatThrownBy(() -> lpips.of(photo, small)).isInstanceOf(MeasureError.class).hasMessageContaining("compares images of one size");
            assertThatThrownBy(() -> lpips.of(small, small)).isInstanceOf(MeasureError.class).hasMessageContaining("at least 31x31");
            assertThatThrownBy(() -> dists.of(photo, photo)).isInstanceOf(ModelError.class).hasMessageContaining("'kind' must be 'dists'");
        }
    }
}
