package dev.faithdiff;

import static dev.faithdiff.Fixtures.tensor;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.clip.ClipConfig;
import dev.faithdiff.networks.clip.ClipTextEncoder;
import dev.faithdiff.networks.clip.PromptEncoder;
import dev.faithdiff.networks.clip.PromptEncoder.Prompt;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The text encoders and the assembled prompt against stored outputs. */
class PromptTest {
    private static final JsonObject ERRORS = Fixtures.json("stages/stages.json").getAsJsonObject("files").getAsJsonObject("text.safetensors")
            .getAsJsonObject("errors");
    private static final Fixtures TEXT = Fixtures.open("stages/text.safetensors");

    private static double atol(String name) { return ERRORS.getAsJsonObject(name).get("suggested_atol").getAsDouble(); }

    @ParameterizedTest
    @CsvSource({"te1, text_encoder, ids1", "te2, text_encoder_2, ids2"})
    void encoders(String prefix, String folder, String idsName) {
        Path path = TinyModel.folder().resolve(folder);
        try (Scope _ = Scope.open(); Weights w = Weights.open(path.resolve("model.safetensors"), Device.CPU)) {
            ClipTextEncoder encoder = new ClipTextEncoder(w, ClipConfig.of(Config.read(path.resolve("config.json"))));
            w.done();
            long[] flat = TEXT.longs(idsName);
            int prompts = TEXT.shape(idsName).size(0), length = TEXT.shape(idsName).size(1);
            int[][] ids = new int[prompts][length];
            for (int i = 0; i < flat.length; i++) ids[i / length][i % length] = (int) flat[i];
            List<Tensor> states = encoder.hiddenStates(Tensor.of(flat, prompts, length));
            check(prefix + (prefix.equals("te1") ? ".pooler_output" : ".text_embeds"), encoder.pooled(states, ids));
            for (String name : TEXT.names()) {
                if (!name.startsWith(prefix + ".")) continue;
                if (name.contains(".prompt")) checkPrompt(name, encoder, states);
                if (name.contains(".penultimate_of_prompts")) {
                    String[] numbers = name.substring(name.indexOf("prompts_") + 8).split("_");
                    Tensor penultimate = states.get(states.size() - 2);
                    for (int i = 0; i < numbers.length; i++) {
                        int p = Integer.parseInt(numbers[i]);
                        Fixtures.assertClose(name + " " + p, penultimate.slice(0, p, p + 1).toFloats(),
                                tensor(TEXT, name).slice(0, i, i + 1).toFloats(), atol(name));
                    }
                }
            }
        }
    }

    private static void checkPrompt(String name, ClipTextEncoder encoder, List<Tensor> states) {
        int p = Integer.parseInt(name.replaceAll(".*\\.prompt(\\d+)\\..*", "$1"));
        Tensor state = name.endsWith("last_hidden_state") ? encoder.normalized(states)
                : states.get(Integer.parseInt(name.substring(name.lastIndexOf('.') + 1)));
        check(name, state.slice(0, p, p + 1));
    }

    private static void check(String name, Tensor actual) { Fixtures.assertClose(name, actual, TEXT, name, atol(name)); }

    /** Prompt and negative prompt as the published encode_prompt gives them; none at all gives zeros. */
    @Test void prompts() {
        Fixtures f = Fixtures.open("stages/prompt_embeds.safetensors");
        double states = Math.max(atol(first("te1.penultimate")), atol(first("te2.penultimate"))), pooled = atol("te2.text_embeds");
        try (Scope _ = Scope.open()) {
            for (String name : f.names()) {
                boolean isPooled = name.contains("pooled");
                List<Tensor> made = new ArrayList<>();
                for (String text : texts(name)) {
                    Prompt p = TinyModel.model().text.encode(text);
                    made.add(isPooled ? p.pooled() : p.states());
                }
                if (made.isEmpty()) continue;
                Fixtures.assertClose(name, nearest(made, f.floats(name)), f, name, isPooled ? pooled : states);
            }
        }
    }

    /** Each window gives the states of its text by itself; the pooled text is the first one's. */
    @Test void windows() {
        try (Scope _ = Scope.open()) {
            PromptEncoder text = TinyModel.model().text;
            String one = "a ".repeat(75), two = "b ".repeat(3), all = one + two;
            assertThat(text.windows(one)).isEqualTo(1);
            assertThat(text.windows(all)).isEqualTo(2);
            Prompt p = text.encode(all, 3), first = text.encode(one), second = text.encode(two), none = text.encode("");
            assertThat(p.states().size(1)).isEqualTo(3 * 77);
            assertThat(p.pooled().shape()).isEqualTo(first.pooled().shape());
            double tolerance = atol(first("te2.penultimate"));
            Tensor each = first.states().concat(1, second.states(), none.states());
            assertThat(distance(p.states().toFloats(), each.toFloats())).isLessThan(tolerance);
            assertThat(distance(p.pooled().toFloats(), first.pooled().toFloats())).isLessThan(atol("te2.text_embeds"));
            assertThat(text.encode(null, 3).states().toFloats()).hasSize(each.toFloats().length).containsOnly(0);
            assertThat(text.encode(all).states().toFloats()).as("cut").isEqualTo(first.states().toFloats());
        }
    }

    @Test void wordsBeyondTheFirstWindow() {
        PromptEncoder text = TinyModel.model().text;
        assertThat(text.beyond("a ".repeat(75))).isEmpty();
        assertThat(text.beyond(" a".repeat(74) + "\n b, c")).containsExactly("b,", "c");
        assertThat(text.beyond("a".repeat(4000))).as("a single word").hasSize(1);
        assertThat(text.beyond(null)).isEmpty();
    }

    /**
     * What an embedding such as {@code prompt1.neg_text.negative_prompt_embeds} can be of. The file does not have the text of its negative prompt;
     * it is one of the stored runs', unless these have none.
     */
    private static List<String> texts(String name) {
        String[] parts = name.split("\\.");
        if (!parts[2].startsWith("negative")) {
            JsonArray prompts = Fixtures.json("stages/prompts.json").getAsJsonArray("prompts");
            return List.of(prompts.get(Integer.parseInt(parts[0].substring("prompt".length()))).getAsJsonObject().get("prompt").getAsString());
        }
        if (parts[1].equals("neg_none")) return Collections.singletonList(null);
        if (parts[1].equals("neg_empty")) return List.of("");
        JsonObject cases = Fixtures.json("pipeline/pipeline.json").getAsJsonObject("cases");
        return cases.asMap().values().stream().map(c -> c.getAsJsonObject().get("negative_prompt")).filter(n -> !n.isJsonNull())
                .map(JsonElement::getAsString).filter(n -> !n.isEmpty()).distinct().toList();
    }

    private static Tensor nearest(List<Tensor> made, float[] expected) {
        return made.stream().min(Comparator.comparingDouble(t -> distance(t.toFloats(), expected))).orElseThrow();
    }

    private static double distance(float[] a, float[] b) {
        double worst = 0;
        for (int i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i] - b[i]));
        return worst;
    }

    private static String first(String start) { return TEXT.names().stream().filter(n -> n.startsWith(start)).findFirst().orElseThrow(); }
}
