package dev.faithdiff.restore.llava;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.model.Config;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.networks.llama.KeyValues;
import dev.faithdiff.networks.llama.Llama;
import dev.faithdiff.networks.llama.LlamaConfig;
import dev.faithdiff.networks.llama.Sampling;
import dev.faithdiff.networks.llava.LlavaConfig;
import dev.faithdiff.networks.llava.LlavaVision;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.restore.caption.CaptionListener;
import dev.faithdiff.restore.caption.CaptionOptions;
import dev.faithdiff.restore.caption.CaptionOptions.Style;
import dev.faithdiff.restore.caption.Captioner;
import dev.faithdiff.restore.caption.Captioners;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.RopeOp;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** LLaVA against the published implementation, on a tiny model in both of its layouts. */
@Tag("full")
class LlavaTest {
    private static final String GROUP = "llava/", QUESTION_START = "<image>\n", QUESTION_END = " ASSISTANT:";
    @TempDir static Path dir;
    private static Path own, other;

    @BeforeAll static void convert() {
        own = converted("own", "llava-v1.5-tiny", "f32", "--base", path("clip-vit-large-patch14-336-tiny"));
        other = converted("other", "llava-1.5-tiny-hf", "f32", "--tokenizer", path("llava-v1.5-tiny"));
    }

    private static Path converted(String name, String source, String type, String flag, String beside) {
        Path to = dir.resolve(name);
        String[] all = {"convert", path(source), "--dtype", type, flag, beside, "-o", to.toString()};
        assertThat(dev.faithdiff.convert.Main.run(all)).isZero();
        assertThat(dev.faithdiff.convert.Main.run("verify", to.toString())).isZero();
        return to;
    }

    private static String path(String name) { return Fixtures.path(GROUP + name).toString(); }

    private static Fixtures stage(String name) { return Fixtures.open(GROUP + "stages/" + name + ".safetensors"); }

    private static JsonObject facts(String name) {
        return Fixtures.json(GROUP + "stages.json").getAsJsonObject("files").getAsJsonObject(name + ".safetensors");
    }

    private static double atol(String stage, String name) {
        return facts(stage).getAsJsonObject("errors").getAsJsonObject(name).get("suggested_atol").getAsDouble();
    }

    private static Weights weights(Path model, String part) { return Weights.open(model.resolve(part).resolve("model.safetensors"), Device.CPU); }

    private static LlamaConfig sizes(Path model) { return LlamaConfig.of(Config.read(model.resolve("language/config.json"))); }

    private static Image image(String number) { return ImageFiles.read(Path.of(path("stages/image" + number + ".png"))); }

    @Test void images() {
        Fixtures f = stage("images");
        try (Scope _ = Scope.open()) {
            for (String name : f.names()) {
                if (!name.startsWith("image")) continue;
                Tensor x = LlavaVision.normalized(LlavaImage.of(image(name.substring(5, 6)), f.shape(name).size(1), name.endsWith("pad")));
                Tensor stored = Tensor.of(f.floats(name), f.shape(name).toArray()).permute(1, 2, 0);
                Fixtures.assertClose(name, x.toFloats(), stored.toFloats(), 1e-6);
            }
        }
    }

    @Test void vision() {
        Fixtures f = stage("vision");
        for (Path model : List.of(own, other)) {
            try (Scope _ = Scope.open(); Weights w = weights(model, "vision")) {
                LlavaVision vision = new LlavaVision(w, LlavaConfig.of(Config.read(model.resolve("vision/config.json"))));
                w.done();
                Tensor x = Fixtures.tensor(f, "pixel_values");
                assertThat(vision.side()).isEqualTo(x.size(1));
                Fixtures.assertClose("features", vision.features(x).toFloats(), f.floats("features"), atol("vision", "features"));
                Fixtures.assertClose("projected", vision.forward(x).toFloats(), f.floats("projected"), atol("vision", "projected"));
            }
        }
    }

    @Test void rotaryPositions() {
        Fixtures f = stage("rope");
        int[] positions = facts("rope").getAsJsonArray("positions").asList().stream().mapToInt(JsonElement::getAsInt).toArray();
        int pairs = f.shape("inv_freq").size(0);
        float theta = Fixtures.json(GROUP + "stages.json").getAsJsonObject("config").get("rope").getAsFloat();
        float[] cos = f.floats("cos_0_7"), sin = f.floats("sin_0_7");
        float[] one = new float[2 * pairs];
        Arrays.fill(one, 0, pairs, 1); // turns to the cosines, and behind them the sines
        for (int p = 0; p < positions.length; p++) {
            float[] expected = new float[2 * pairs];
            System.arraycopy(cos, p * pairs, expected, 0, pairs);
            System.arraycopy(sin, p * pairs, expected, pairs, pairs);
            try (Scope _ = Scope.open()) {
                Fixtures.assertClose("position " + positions[p], Tensor.of(one, 1, 1, 2 * pairs).rope(1, theta, positions[p]).toFloats(),
                        expected, 1e-6);
            }
        }
        float[] frequencies = new float[pairs];
        for (int i = 0; i < pairs; i++) frequencies[i] = new RopeOp(1, theta, 0).frequency(i, 2 * pairs);
        Fixtures.assertClose("frequencies", frequencies, f.floats("inv_freq"), 1e-9);
    }

    /** The whole prompt, then the next tokens one by one, and all of it at once. */
    @Test void language() {
        Fixtures f = stage("llama");
        try (Scope _ = Scope.open(); Weights w = weights(own, "language")) {
            LlamaConfig c = sizes(own);
            Llama llama = new Llama(w, c);
            w.done();
            Tensor x = Fixtures.tensor(f, "inputs_embeds");
            int tokens = x.size(1);
            long[] next = f.longs("next_tokens");
            KeyValues cache = new KeyValues(c, tokens + next.length, DType.F32, Device.CPU);
            List<Tensor> states = llama.states(x, cache);
            for (int i = 0; i < c.layers(); i++) close(f, "layer." + i, states.get(i));
            close(f, "norm", states.getLast());
            close(f, "logits", llama.logits(states.getLast()));
            close(f, "layer0.key_cache", heads(cache.keys(0, tokens), c));
            close(f, "layer0.value_cache", heads(cache.values(0, tokens), c));
            List<Tensor> steps = new ArrayList<>();
            Tensor whole = x;
            for (long id : next) {
                Tensor token = llama.embed(Tensor.of(new long[] {id}, 1, 1));
                whole = whole.concat(1, token);
                steps.add(llama.logits(llama.forward(token, cache)));
            }
            close(f, "cached_step_logits", steps.getFirst().concat(1, steps.subList(1, steps.size()).toArray(Tensor[]::new)));
            Tensor all = llama.logits(llama.forward(whole, new KeyValues(c, tokens + next.length, DType.F32, Device.CPU)));
            close(f, "uncached_logits_of_same", all.slice(1, tokens - 1, tokens + next.length));
            Tensor last = llama.embed(Tensor.of(new long[] {next[0]}, 1, 1));
            assertThatThrownBy(() -> llama.forward(last, cache)).isInstanceOf(OpError.class).hasMessageContaining("there is room for");
            KeyValues parts = new KeyValues(c, tokens, DType.F32, Device.CPU); // a prompt may come in parts
            int half = tokens / 2;
            llama.forward(x.slice(1, 0, half), parts);
            Tensor rest = llama.logits(llama.forward(x.slice(1, half, tokens), parts)), logits = llama.logits(states.getLast());
            Fixtures.assertClose("in parts", rest.toFloats(), logits.slice(1, half, tokens).toFloats(), atol("llama", "logits"));
        }
    }

    private static void close(Fixtures f, String name, Tensor actual) {
        Fixtures.assertClose(name, actual.toFloats(), f.floats(name), atol("llama", name));
    }

    private static Tensor heads(Tensor x, LlamaConfig c) { return x.reshape(1, x.size(1), c.keyHeads(), c.width() / c.heads()).permute(0, 2, 1, 3); }

    /** The same prompt has the same scores in the layout of transformers, whose table has more rows. */
    @Test void otherLayout() {
        Fixtures f = stage("llama");
        try (Scope _ = Scope.open(); Weights w = weights(other, "language")) {
            Llama llama = new Llama(w, sizes(other));
            w.done();
            Tensor x = Fixtures.tensor(f, "inputs_embeds");
            Tensor states = llama.forward(x, new KeyValues(sizes(other), x.size(1), DType.F32, Device.CPU));
            Tensor logits = llama.logits(states.slice(1, x.size(1) - 1, x.size(1)));
            Fixtures.assertClose("hf_last_logits", logits.toFloats(), f.floats("hf_last_logits"), atol("llama", "logits"));
        }
    }

    private static CaptionOptions greedy(JsonObject c, String key, String prompt) {
        String text = Fixtures.json(GROUP + "prompts.json").getAsJsonObject("prompts").get(prompt).getAsString();
        String question = text.substring(text.indexOf(QUESTION_START) + QUESTION_START.length(), text.length() - QUESTION_END.length());
        return new CaptionOptions(question, Math.max(1, c.getAsJsonArray("ids").size()), 0, 1, 0, key.contains(".pad"), Style.PLAIN, null);
    }

    @Test void greedyCaptions() {
        Map<String, JsonElement> captions = Fixtures.json(GROUP + "captions.json").getAsJsonObject("captions").asMap();
        int seen = 0;
        for (String key : captions.keySet()) {
            if (!key.startsWith("image")) continue;
            JsonObject c = captions.get(key).getAsJsonObject();
            CaptionOptions options = greedy(c, key, c.get("prompt").getAsString());
            int[] ids = c.getAsJsonArray("ids").asList().stream().mapToInt(JsonElement::getAsInt).filter(id -> id != 2).toArray();
            for (Path model : List.of(own, other)) {
                try (LlavaCaptioner captioner = new LlavaCaptioner(new ModelFolder(model), Device.CPU, options)) {
                    assertThat(captioner.answer(image(key.substring(5, 6)), CaptionListener.NONE)).as(key).isEqualTo(ids);
                    assertThat(captioner.describe(image(key.substring(5, 6)))).as(key).isEqualTo(c.get("text").getAsString().strip());
                }
                try (Captioner captioner = Captioners.open(model, Device.CPU, options.with(Style.SUPIR))) {
                    assertThat(captioner.describe(image(key.substring(5, 6)))).as(key).isEqualTo(c.get("supir_caption").getAsString());
                }
            }
            seen++;
        }
        assertThat(seen).isPositive();
    }

    /** Stored draws are made with stored noise. */
    @Test void sampledCaptions() {
        Map<String, JsonElement> captions = Fixtures.json(GROUP + "captions.json").getAsJsonObject("captions").asMap();
        Fixtures f = stage("sampling");
        Map<String, Sampling> samplings = Map.of("sampled_t0.2_k50_p0.7", new Sampling(0.2, 50, 0.7), "sampled_t1_p0.9", new Sampling(1, 0, 0.9));
        samplings.forEach((key, sampling) -> {
            if (!captions.containsKey(key)) return;
            JsonObject c = captions.get(key).getAsJsonObject();
            long[] ids = c.getAsJsonArray("ids").asList().stream().mapToLong(JsonElement::getAsLong).toArray();
            CaptionOptions options = greedy(c, c.get("image").getAsString(), c.get("prompt").getAsString());
            try (Scope _ = Scope.open(); LlavaCaptioner captioner = new LlavaCaptioner(new ModelFolder(own), Device.CPU, options)) {
                float[] noise = f.floats("exponential_noise");
                int n = f.shape("exponential_noise").size(1);
                List<Long> drawn = captioner.drawn(image(c.get("image").getAsString().substring(5, 6)), ids.length,
                        (logits, step) -> Sampling.choose(sampling.probabilities(logits), Arrays.copyOfRange(noise, step * n, (step + 1) * n)),
                        CaptionListener.NONE);
                assertThat(drawn).as(key).isEqualTo(Arrays.stream(ids).boxed().toList());
            }
        });
    }

    @Test void styles() {
        List<JsonElement> cases = Fixtures.json(GROUP + "captions.json").getAsJsonArray("post_processing").asList();
        assertThat(cases).isNotEmpty();
        for (JsonElement e : cases) {
            JsonObject c = e.getAsJsonObject();
            String text = c.get("text").getAsString();
            assertThat(Style.SUPIR.apply(text)).isEqualTo(c.get("supir").getAsString());
            assertThat(Style.FAITHDIFF.apply(text)).isEqualTo(c.get("faithdiff").isJsonNull() ? "" : c.get("faithdiff").getAsString());
        }
    }

    @Test void seedsDraw() {
        CaptionOptions hot = new CaptionOptions("Describe this image.", 20, 1, 1, 7, false, Style.PLAIN, null);
        Image photo = image("0");
        try (Captioner a = Captioners.open(own, Device.CPU, hot)) {
            assertThat(a.describe(photo)).isEqualTo(a.describe(photo));
            CaptionOptions other = new CaptionOptions(hot.question(), 20, 1, 1, 8, false, Style.PLAIN, null);
            try (Captioner b = Captioners.open(own, Device.CPU, other)) {
                assertThat(b.describe(photo)).isNotEqualTo(a.describe(photo));
            }
        }
    }

    /**
     * Layers of 8 and 4 bits in groups: how far they move the scores of the whole prompt, in parts of their root mean square. Rounded activations are
     * read token by token, since layers of many rows do not round them; they move the scores of the same layers by little.
     */
    @Test void narrowLayers() {
        Fixtures f = stage("llama");
        float[] exact = f.floats("logits");
        double[] errors = new double[2], rounded = new double[2], apart = new double[2];
        for (int i = 0; i < 2; i++) {
            String type = i == 0 ? "q8" : "q4";
            Path model = converted(type, "llava-v1.5-tiny", type, "--base", path("clip-vit-large-patch14-336-tiny"));
            try (Scope _ = Scope.open(); Weights w = weights(model, "language")) {
                assertThat(w.has("model.layers.0.self_attn.q_proj.weight_scales")).isTrue();
                Llama llama = new Llama(w, sizes(model));
                w.done();
                Tensor x = Fixtures.tensor(f, "inputs_embeds");
                KeyValues cache = new KeyValues(sizes(model), x.size(1), DType.F16, Device.CPU);
                float[] logits = llama.logits(llama.forward(x, cache)).toFloats();
                float[] bytes = Engine.rounding(DType.I8, () -> oneByOne(llama, x, sizes(model)));
                errors[i] = error(logits, exact);
                rounded[i] = error(bytes, exact);
                apart[i] = error(bytes, logits);
            }
        }
        System.out.printf("scores with layers of 8 bits: %.4f, of 4 bits: %.4f%n", errors[0], errors[1]);
        System.out.printf("with rounded activations: %.4f, %.4f; from those without: %.4f, %.4f%n", rounded[0], rounded[1], apart[0], apart[1]);
        assertThat(errors[0]).isBetween(0.001, 0.02);
        assertThat(errors[1]).isBetween(0.05, 0.3);
        for (double e : apart) assertThat(e).isBetween(0.001, 0.05);
    }

    private static float[] oneByOne(Llama llama, Tensor x, LlamaConfig c) {
        KeyValues cache = new KeyValues(c, x.size(1), DType.F16, Device.CPU);
        float[] all = new float[0];
        for (int t = 0; t < x.size(1); t++) {
            float[] one = llama.logits(llama.forward(x.slice(1, t, t + 1), cache)).toFloats();
            all = Arrays.copyOf(all, all.length + one.length);
            System.arraycopy(one, 0, all, all.length - one.length, one.length);
        }
        return all;
    }

    /** The root mean square of a difference, in parts of that of what is right. */
    private static double error(float[] actual, float[] right) {
        double square = 0, all = 0;
        for (int j = 0; j < right.length; j++) {
            square += Math.pow(actual[j] - right[j], 2);
            all += Math.pow(right[j], 2);
        }
        return Math.sqrt(square / all);
    }

    /** Rounded activations may change a word where two are nearly as likely, as in random weights; most captions stay as they are. */
    @Test void roundedCaptions() {
        Map<String, JsonElement> captions = Fixtures.json(GROUP + "captions.json").getAsJsonObject("captions").asMap();
        for (String type : List.of("q8", "q4")) {
            Path model = converted(type + "-rounded", "llava-v1.5-tiny", type, "--base", path("clip-vit-large-patch14-336-tiny"));
            int seen = 0, same = 0;
            for (String key : captions.keySet()) {
                if (!key.startsWith("image")) continue;
                JsonObject c = captions.get(key).getAsJsonObject();
                CaptionOptions options = greedy(c, key, c.get("prompt").getAsString());
                try (Captioner plain = Captioners.open(model, Device.CPU, options);
                        Captioner rounded = Captioners.open(model, Device.CPU, options.with(DType.I8))) {
                    Image photo = image(key.substring(5, 6));
                    if (rounded.describe(photo).equals(plain.describe(photo))) same++;
                }
                seen++;
            }
            System.out.printf("captions of %s with rounded activations: %d of %d are the same%n", type, same, seen);
            assertThat(same).isBetween(seen / 2 + 1, seen);
        }
    }

    @Test void groupedHeads() {
        LlamaConfig c = new LlamaConfig(64, 2, 4, 2, 96, 50, 1e-5f, 10000);
        assertThat(c.keyWidth()).isEqualTo(32);
        try (Scope _ = Scope.open(); Weights w = Weights.init(3, Device.CPU)) {
            Llama llama = new Llama(w, c);
            Tensor x = Tensor.empty(Device.CPU, DType.F32, Shape.of(1, 9, 64));
            for (int i = 0; i < x.count(); i++) x.set(i, Math.sin(i));
            float[] whole = llama.forward(x, new KeyValues(c, 9, DType.F32, Device.CPU)).slice(1, 8, 9).toFloats();
            KeyValues cache = new KeyValues(c, 9, DType.F32, Device.CPU);
            llama.forward(x.slice(1, 0, 8), cache);
            Fixtures.assertClose("last token", llama.forward(x.slice(1, 8, 9), cache).toFloats(), whole, 1e-5);
        }
        assertThatThrownBy(() -> new LlamaConfig(64, 2, 4, 3, 96, 50, 1e-5f, 10000)).isInstanceOf(IllegalArgumentException.class);
    }
}
