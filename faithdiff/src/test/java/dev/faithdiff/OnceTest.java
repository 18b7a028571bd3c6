package dev.faithdiff;

import static dev.faithdiff.Fixtures.tensor;
import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What is computed once for several rows or steps changes no result. */
@Tag("full")
class OnceTest {
    private final Model model = TinyModel.model();
    private Scope scope;

    @BeforeEach void open() { scope = Scope.open(); }

    @AfterEach void close() { scope.close(); }

    /** The text's keys and values, kept from an earlier step. */
    @Test void keptKeysAndValues() {
        Fixtures f = Fixtures.open("stages/unet.safetensors");
        Context kept = new Context(tensor(f, "prompt_embeds"));
        predict(f, tensor(f, "latents"), tensor(f, "features"), 999, kept);
        float[] second = predict(f, tensor(f, "latents"), tensor(f, "features"), 321, kept);
        assertThat(second).isEqualTo(predict(f, tensor(f, "latents"), tensor(f, "features"), 321, new Context(tensor(f, "prompt_embeds"))));
    }

    /** The first convolution and the alignment, for one row of latents instead of each row of text. */
    @Test void sharedFirstFeatures() {
        Fixtures f = Fixtures.open("stages/unet.safetensors");
        Tensor latents = tensor(f, "latents").slice(0, 0, 1), features = tensor(f, "features").slice(0, 0, 1);
        float[] shared = predict(f, latents, features, 321, new Context(tensor(f, "prompt_embeds")));
        float[] apart = predict(f, latents.concat(0, latents), features.concat(0, features), 321, new Context(tensor(f, "prompt_embeds")));
        Fixtures.assertClose("prediction", shared, apart, 1e-5); // two rows of alignment are summed in another order than one
    }

    private float[] predict(Fixtures f, Tensor latents, Tensor features, float timestep, Context text) {
        return model.unet.predict(latents, model.unet.condition(features), timestep, text, tensor(f, "pooled"), tensor(f, "time_ids")).toFloats();
    }
}
