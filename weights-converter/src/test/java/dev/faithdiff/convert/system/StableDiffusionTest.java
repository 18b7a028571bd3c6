package dev.faithdiff.convert.system;

import static dev.faithdiff.Fixtures.tensor;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.KeyLists;
import dev.faithdiff.convert.names.Architecture;
import dev.faithdiff.convert.names.OriginalLayout;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.clip.ClipConfig;
import dev.faithdiff.networks.clip.ClipTextEncoder;
import dev.faithdiff.networks.clip.ClipTokenizer;
import dev.faithdiff.networks.clip.TextStates;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.networks.vae.VaeConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.io.Source;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Text encoder, autoencoder and tensors of Stable Diffusion 2.1 in the original layout and as a diffusers folder, against stored outputs. */
@Tag("full")
class StableDiffusionTest {
    private static final JsonObject JSON = Fixtures.json("sd21/sd21.json");
    private static final Path FILE = Fixtures.path("sd21/ldm/v2-1_512-ema-pruned.ckpt"), FOLDER = Fixtures.path("sd21/diffusers");
    @TempDir Path dir;

    private static StableDiffusion file() { return StableDiffusion.open(new Release(FILE, FILE, FOLDER.resolve("tokenizer"), FOLDER)); }

    private static double atol(String file, String name) {
        return JSON.getAsJsonObject("files").getAsJsonObject(file + ".safetensors").getAsJsonObject("errors").getAsJsonObject(name)
                .get("suggested_atol")
                .getAsDouble();
    }

    private static void check(String file, String name, Tensor actual) {
        Fixtures.assertClose(name, actual, Fixtures.open("sd21/" + file + ".safetensors"), name, atol(file, name));
    }

    /** A part as its network takes it. @param build checks by its end that every tensor was taken */
    private static <T> T of(String part, Function<Config, Function<Weights, T>> build) {
        ConversionReport report = new ConversionReport();
        try (StableDiffusion sd = file()) {
            Weights w = Weights.of(new SourceWeights(part, sd.tensors(part)), Device.CPU, DType.F32, null);
            T network = build.apply(sd.config(part, report).config()).apply(w);
            w.done();
            report.requireComplete();
            return network;
        }
    }

    private static int[][] ids() {
        Fixtures f = Fixtures.open("sd21/text.safetensors");
        long[] all = f.longs("ids");
        int[][] ids = new int[f.shape("ids").size(0)][f.shape("ids").size(1)];
        for (int i = 0; i < all.length; i++) ids[i / ids[0].length][i % ids[0].length] = (int) all[i];
        return ids;
    }

    @Test void text() {
        try (Scope _ = Scope.open()) {
            ClipTextEncoder encoder = of("text_encoder", c -> w -> new ClipTextEncoder(w, ClipConfig.of(c)));
            check("text", "context", TextStates.states(encoder, ids(), Device.CPU));
            long[] second = new long[ClipTokenizer.LENGTH];
            for (int i = 0; i < second.length; i++) second[i] = ids()[1][i];
            List<Tensor> states = encoder.hiddenStates(Tensor.of(second, 1, second.length));
            check("text", "embeddings_sum", states.getFirst());
            for (int i = 0; i < encoder.config().layers(); i++) check("text", "resblock." + i, states.get(i + 1));
        }
    }

    /** In the original code "!" is a word; in the diffusers folder it is the padding, and so a token of its own. */
    @Test void tokens() throws IOException {
        JsonObject prompts = Fixtures.json("sd21/prompts.json");
        Path open = Files.createDirectories(dir.resolve("open_clip"));
        for (String name : List.of("vocab.json", "merges.txt", "special_tokens_map.json")) {
            Files.copy(FOLDER.resolve("tokenizer").resolve(name), open.resolve(name));
        }
        JsonObject config = Config.read(FOLDER.resolve("tokenizer/tokenizer_config.json")).json();
        config.addProperty("tokenizer_class", "SimpleTokenizer");
        Files.writeString(open.resolve("tokenizer_config.json"), config.toString());
        ClipTokenizer ldm = ClipTokenizer.open(open), diffusers = ClipTokenizer.open(FOLDER.resolve("tokenizer"));
        List<String> differ = JSON.getAsJsonArray("prompts_where_the_tokenizers_differ").asList().stream().map(JsonElement::getAsString).toList();
        int at = 0;
        for (JsonElement prompt : prompts.getAsJsonArray("prompts")) {
            String text = prompt.getAsString();
            assertThat(ldm.encode(text)).as(text).isEqualTo(ids()[at++]);
            if (differ.contains(text)) assertThat(diffusers.encode(text)).as(text).isNotEqualTo(ldm.encode(text));
            else assertThat(diffusers.encode(text)).as(text).isEqualTo(ldm.encode(text));
        }
        assertThat(ClipTokenizer.empty(JSON.get("vocab_size").getAsInt(), 0)).isEqualTo(ldm.encode(""));
    }

    /** A photo {@code [1, h, w, 3]} in -1..1. */
    private static Tensor photo(Path file) throws IOException {
        BufferedImage image = ImageIO.read(file.toFile());
        int w = image.getWidth(), h = image.getHeight();
        float[] v = new float[3 * w * h];
        for (int i = 0; i < v.length; i++) v[i] = (image.getRGB(i / 3 % w, i / 3 / w) >> 16 - 8 * (i % 3) & 0xff) / 255f * 2 - 1;
        return Tensor.of(v, 1, h, w, 3);
    }

    @Test void autoencoder() throws IOException {
        assumeTrue(hasAutoencoder(), "the set's checkpoint has no autoencoder");
        Fixtures f = Fixtures.open("sd21/vae.safetensors");
        try (Scope _ = Scope.open()) {
            Vae vae = of("vae", c -> w -> new Vae(w, VaeConfig.of(c)));
            float scaling = vae.config().scaling();
            Tensor moments = vae.encode(photo(Fixtures.path("sd21/image.png")));
            check("vae", "moments", moments);
            check("vae", "scaled_mode", Vae.Gaussian.of(moments).mean().mul(scaling));
            check("vae", "scaled_sample", Vae.Gaussian.of(moments).sample(tensor(f, "noise")).mul(scaling));
            check("vae", "decode_of_latents", vae.decode(tensor(f, "latents").mul(1 / scaling)));
        }
    }

    /** The project's own set has a checkpoint without it, to be small. */
    private static boolean hasAutoencoder() { return Files.exists(Fixtures.path("sd21/vae.safetensors")); }

    /** Every tensor of the single file, renamed, has the values of the diffusers folder. */
    @Test void tensors() throws Exception {
        JsonObject digests = Fixtures.json("sd21/diffusers/keys_and_digests.json");
        try (StableDiffusion sd = file()) {
            for (String part : hasAutoencoder() ? List.of("unet", "vae") : List.of("unet")) {
                Map<String, String> held = new HashMap<>(), stored = new HashMap<>();
                digests.getAsJsonObject(part).asMap().forEach((key, v) -> {
                    JsonArray pair = v.getAsJsonArray();
                    stored.put(key, KeyLists.shape(pair.get(0)) + " " + pair.get(1).getAsString());
                });
                for (Source t : sd.tensors(part).values()) held.put(t.name(), t.shape() + " " + digest(t));
                assertThat(held).as(part).containsExactlyInAnyOrderEntriesOf(stored);
            }
        }
    }

    private static String digest(Source t) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        t.writeTo(Channels.newChannel(bytes));
        return ModelFolder.sha256(sum -> sum.update(bytes.toByteArray())).substring(0, 16);
    }

    @Test void fullSizeKeys() {
        JsonObject json = KeyLists.packed("sd21/keys_full.json.gz"), diffusers = json.getAsJsonObject("diffusers");
        Map<String, Source> tensors = ReleasedKeys.tensors(json.getAsJsonObject("keys"));
        assertThat(Architecture.of(tensors)).isEqualTo(Architecture.SD_FILE);
        Map<String, Map<String, Source>> parts = OriginalLayout.parts(tensors);
        Map<String, String> starts = Map.of("unet", "model.diffusion_model.", "vae", "first_stage_model.", "text_encoder", "cond_stage_model.");
        starts.forEach((part, start) -> {
            Map<String, Object> expected = new LinkedHashMap<>();
            diffusers.getAsJsonObject(start).asMap().values().forEach(list -> list.getAsJsonArray().forEach(entry ->
                    expected.put(entry.getAsJsonArray().get(0).getAsString(), KeyLists.shape(entry.getAsJsonArray().get(1)))));
            assertThat(new LinkedHashMap<String, Object>(ReleasedKeys.shapes(parts.get(part)))).as(part).containsExactlyInAnyOrderEntriesOf(expected);
        });
        assertThat(NeededTensors.unet(Published.config(Published.SD21, "unet")))
                .containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(parts.get("unet")));
        assertThat(NeededTensors.vae(Published.config(Published.SD21, "vae")))
                .containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(parts.get("vae")));
        assertThat(NeededTensors.text(Published.config(Published.SD21, "text_encoder")))
                .containsExactlyInAnyOrderEntriesOf(ReleasedKeys.shapes(parts.get("text_encoder")));
    }

    /** Published numbers of parameters of Stable Diffusion 1.5. */
    @Test void sizesOfStableDiffusion15() {
        assertThat(count("unet")).isEqualTo(859_520_964);
        assertThat(count("vae")).isEqualTo(83_653_863);
        assertThat(count("text_encoder")).isEqualTo(123_060_480);
    }

    private static long count(String part) {
        Config c = Published.config(Published.SD15, part);
        return (part.equals("unet") ? NeededTensors.unet(c) : part.equals("vae") ? NeededTensors.vae(c) : NeededTensors.text(c)).values().stream()
                .mapToLong(s -> s.count()).sum();
    }

    @Test void aBaseThatIsNoneIsNamed() {
        assertThatThrownBy(() -> StableDiffusion.open(new Release(dir, null, null, null))).hasMessageContaining("holds no Stable Diffusion");
    }
}
