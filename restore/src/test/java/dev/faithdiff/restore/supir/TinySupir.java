package dev.faithdiff.restore.supir;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.faithdiff.Fixtures;
import dev.faithdiff.convert.Main;
import dev.faithdiff.convert.names.SupirFiles;
import dev.faithdiff.convert.system.Published;
import dev.faithdiff.convert.system.WeightFile;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.clip.ClipConfig;
import dev.faithdiff.networks.clip.ClipTextEncoder;
import dev.faithdiff.networks.supir.Connectors;
import dev.faithdiff.networks.supir.GlvControl;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.vae.Vae;
import dev.faithdiff.networks.vae.VaeConfig;
import dev.faithdiff.networks.vae.VaeEncoder;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Model folders of the fixtures' sizes: of the fixtures' files where the set has them, which are too large for the project's own, and drawn. */
public final class TinySupir {
    private static final Path CHECKPOINT = Fixtures.path("supir/checkpoint"), TOKENIZER = Fixtures.path("supir/tokenizer");
    private static final JsonObject SIZES = Fixtures.json("supir/stages.json").getAsJsonObject("config");
    private static final int VOCABULARY = 1314;

    private TinySupir() {}

    /** Whether the set has all networks. */
    static boolean isWhole() { return Files.exists(CHECKPOINT.resolve("sdxl.safetensors")); }

    /** The model folder of version Q or F that the converter makes, in F32, as the published implementation computes. */
    static synchronized Path stored(Path dir, String version) {
        Path target = dir.resolve("model-" + version);
        if (Files.exists(target)) return target;
        Path own = CHECKPOINT.resolve(version.equals("Q") ? "SUPIR-v0Q.ckpt" : "SUPIR-v0F_fp16.safetensors");
        assertThat(Main.run("convert", own.toString(), "--tokenizer", TOKENIZER.toString(), "--config", configs(dir.resolve("configs")).toString(),
                "--dtype", "f32", "-o", target.toString())).isZero();
        assertThat(Main.run("verify", target.toString())).isZero();
        return target;
    }

    /** Random networks. */
    public static synchronized Path drawn(Path dir) {
        Path target = dir.resolve("model-drawn");
        if (Files.exists(target)) return target;
        try {
            configs(target);
            int[] hidden = {SIZES.get("nhidden").getAsInt()};
            JsonObject model = JsonParser.parseString("{\"format\": \"faithdiff-jvm\", \"version\": 1, \"kind\": \"supir\"}").getAsJsonObject();
            model.addProperty("connector_width", hidden[0]);
            Files.writeString(target.resolve("model.json"), model.toString());
            tokenizers(target);
            UNetConfig unet = UNetConfig.of(config(target, "unet"));
            VaeConfig vae = VaeConfig.of(config(target, "vae"));
            draw(target, "unet", w -> new UNet(w, unet));
            draw(target, "vae", w -> new Vae(w, vae));
            for (String text : List.of("text_encoder", "text_encoder_2")) {
                draw(target, text, w -> new ClipTextEncoder(w, ClipConfig.of(config(target, text))));
            }
            draw(target, "lq_encoder", w -> new VaeEncoder(w.at("denoise_encoder"), vae));
            draw(target, "control", w -> {
                new GlvControl(w, unet);
                new Connectors(w, unet, hidden[0]);
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return target;
    }

    /** Both tokenizers as the converter writes them. */
    static void tokenizers(Path target) throws IOException {
        for (String tokenizer : List.of("tokenizer", "tokenizer_2")) copy(TOKENIZER, target.resolve(tokenizer));
        JsonObject openClip = Config.read(target.resolve("tokenizer_2/special_tokens_map.json")).json();
        openClip.addProperty("pad_token", "!");
        write(target, "tokenizer_2/special_tokens_map.json", openClip);
        openClip.addProperty("tokenizer_class", "SimpleTokenizer");
        write(target, "tokenizer_2/tokenizer_config.json", openClip);
    }

    private static void draw(Path target, String part, Consumer<Weights> network) throws IOException {
        Files.createDirectories(target.resolve(part));
        try (Weights w = Weights.init(part.hashCode(), Device.CPU)) {
            network.accept(w);
            w.save(target.resolve(part).resolve("model.safetensors"));
        }
    }

    /** The control of version Q alone. */
    static synchronized Path control(Path dir) {
        Path target = dir.resolve("control.safetensors");
        if (Files.exists(target)) return target;
        try (WeightFile file = WeightFile.open(stored(dir, "Q").resolve("control"))) {
            Map<String, Source> all = new LinkedHashMap<>(file.tensors());
            all.keySet().removeIf(key -> key.startsWith("project_modules."));
            SafeTensors.write(target, List.copyOf(all.values()), Map.of());
        }
        return target;
    }

    /** The connectors of version Q under the names of a model folder; the project's own set has them alone. */
    static synchronized Path connectors(Path dir) {
        Path target = dir.resolve("connectors.safetensors"), alone = CHECKPOINT.resolve("connectors.safetensors");
        if (Files.exists(target)) return target;
        try (WeightFile file = WeightFile.open(Files.exists(alone) ? alone : CHECKPOINT.resolve("SUPIR-v0Q.ckpt"))) {
            Map<String, Source> all = SupirFiles.control(file.tensors());
            all.keySet().removeIf(key -> !key.startsWith("project_modules."));
            SafeTensors.write(target, List.copyOf(all.values()), Map.of());
        }
        return target;
    }

    private static Config config(Path folder, String part) { return Config.read(folder.resolve(part).resolve("config.json")); }

    /** The sizes of the U-Net. */
    static UNetConfig unet() { return UNetConfig.of(Config.of(Path.of("unet"), unetJson().toString())); }

    /** The sizes of the autoencoder. */
    static VaeConfig vae() { return VaeConfig.of(Config.of(Path.of("vae"), vaeJson().toString())); }

    /** Width inside a connector. */
    static int hidden() { return SIZES.get("nhidden").getAsInt(); }

    /** A folder of published configurations with the fixtures' sizes, which do not follow from the tensors' shapes. */
    private static Path configs(Path folder) {
        write(folder, "unet/config.json", unetJson());
        write(folder, "vae/config.json", vaeJson());
        text(folder, "text_encoder", "te1");
        text(folder, "text_encoder_2", "te2");
        write(folder, "scheduler/scheduler_config.json", published("scheduler"));
        return folder;
    }

    private static JsonObject vaeJson() {
        JsonObject vae = published("vae");
        vae.add("block_out_channels", times(number("vae_ch"), SIZES.getAsJsonArray("vae_mult")));
        vae.addProperty("layers_per_block", number("vae_res"));
        return vae;
    }

    private static JsonObject unetJson() {
        JsonObject unet = published("unet");
        JsonArray channels = times(number("ch"), SIZES.getAsJsonArray("mult")), heads = new JsonArray();
        channels.forEach(c -> heads.add(c.getAsInt() / number("head")));
        unet.add("block_out_channels", channels);
        unet.add("attention_head_dim", heads);
        unet.add("transformer_layers_per_block", SIZES.getAsJsonArray("depth"));
        unet.addProperty("norm_num_groups", number("groups"));
        unet.addProperty("cross_attention_dim", number("te1") + number("te2"));
        unet.addProperty("addition_time_embed_dim", number("tdim"));
        unet.addProperty("projection_class_embeddings_input_dim", number("te2") + 6 * number("tdim"));
        return unet;
    }

    private static void text(Path folder, String part, String sizes) {
        JsonObject json = published(part);
        json.addProperty("hidden_size", number(sizes));
        json.addProperty("intermediate_size", 4 * number(sizes));
        json.addProperty("num_attention_heads", number(sizes + "_heads"));
        json.addProperty("num_hidden_layers", number(sizes + "_layers"));
        json.addProperty("projection_dim", number(sizes));
        json.addProperty("vocab_size", VOCABULARY);
        write(folder, part + "/config.json", json);
    }

    private static int number(String name) { return SIZES.get(name).getAsInt(); }

    private static JsonArray times(int width, JsonArray factors) {
        JsonArray all = new JsonArray();
        factors.forEach(f -> all.add((int) (width * f.getAsDouble())));
        return all;
    }

    private static JsonObject published(String part) {
        try (InputStream in = Published.class.getResourceAsStream("/dev/faithdiff/convert/sdxl/" + part + ".json")) {
            return JsonParser.parseString(new String(in.readAllBytes(), StandardCharsets.UTF_8)).getAsJsonObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(Path folder, String file, JsonObject json) {
        try {
            Files.createDirectories(folder.resolve(file).getParent());
            Files.writeString(folder.resolve(file), json.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        for (String file : List.of("vocab.json", "merges.txt", "special_tokens_map.json", "tokenizer_config.json")) {
            Files.copy(from.resolve(file), to.resolve(file));
        }
    }
}
