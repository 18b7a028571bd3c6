package dev.faithdiff;

import static dev.faithdiff.restore.CommonOptions.GUARD;
import static dev.faithdiff.restore.CommonOptions.SCALE;
import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.image.Image;
import dev.faithdiff.restore.Guard;
import dev.faithdiff.restore.Options;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Broken weights end a restoration with the layer's name instead of a broken picture. */
@Tag("full")
class FiniteTest {
    private static final Options OPTIONS = Options.defaults().with(SCALE, 2.0).with(STEPS, 2).with(GUARD, Guard.OFF);

    @TempDir Path dir;

    private void fails(Path model, String... says) {
        byte[] rgb = new byte[3 * 16 * 16];
        new Random(1).nextBytes(rgb);
        try (FaithDiff faithDiff = FaithDiff.open(model, Device.CPU)) {
            var thrown = assertThatThrownBy(() -> faithDiff.restore(Image.of(16, 16, rgb), OPTIONS)).isInstanceOf(OpError.class);
            for (String s : says) thrown.hasMessageContaining(s);
        }
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            unet, denoise_encoder.mid_block.resnets.0.conv1.bias,      the LQ encoder,        NaN
            vae,  encoder.conv_out.bias,                               encoder,               NaN
            unet, condition_embedding.conv_out.bias,                   the alignment module,  NaN
            unet, up_blocks.0.resnets.1.norm2.weight,                  denoising step 1 of 2, Infinity
            vae,  decoder.up_blocks.1.resnets.0.conv1.bias,            not a number,          NaN
            """)
    void theLayerIsNamed(String part, String tensor, String stage, float value) throws IOException {
        Path model = PatchedModel.copy(PatchedModel.SMALL, dir.resolve("model"));
        PatchedModel.fill(model.resolve(part + "/model.safetensors"), tensor::equals, value);
        fails(model, tensor, stage);
    }

    @Test void aBlackImageIsNotReturned() throws IOException {
        Path model = PatchedModel.copy(PatchedModel.SMALL, dir.resolve("model"));
        PatchedModel.fill(model.resolve("vae/model.safetensors"), n -> n.startsWith("decoder.conv_out."), 0);
        fails(model, "an image of one colour");
    }
}
