package dev.faithdiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.model.ModelError;
import dev.faithdiff.tensor.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Parts of different models are refused in one line when they are opened, not half-way through a restoration. */
class ModelPairsTest {
    @TempDir Path dir;

    private Path model;

    @BeforeEach void copy() throws IOException { model = PatchedModel.copy(PatchedModel.SMALL, dir.resolve("model")); }

    private void refused(String... says) {
        long inUse = Device.CPU.pool().usedBytes();
        var thrown = assertThatThrownBy(() -> Model.open(model, Device.CPU)).isInstanceOf(ModelError.class).hasMessageNotContaining("\n");
        for (String s : says) thrown.hasMessageContaining(s);
        assertThat(Device.CPU.pool().usedBytes()).isEqualTo(inUse);
    }

    @Test void plainSdxl() {
        PatchedModel.remove(model.resolve("unet/model.safetensors"), n -> n.startsWith("denoise_encoder.") || n.startsWith("information_transformer")
                || n.startsWith("condition_embedding.") || n.startsWith("spatial_ch_projs."));
        refused("unet/model.safetensors", "no alignment weights", "FaithDiff.bin");
    }

    /** The fixtures' autoencoder has fewer latent channels than the small model's eight. */
    @Test void anotherAutoencoder() throws IOException {
        Path vae = TinyModel.folder().resolve("vae");
        try (Stream<Path> files = Files.list(vae)) {
            for (Path f : files.toList()) Files.copy(f, model.resolve("vae").resolve(f.getFileName()), StandardCopyOption.REPLACE_EXISTING);
        }
        refused("parts of different models", "latents of " + TinyModel.model().vae.config().latentChannels() + " channels", "U-Net takes 8");
    }

    @Test void otherTextStates() throws IOException {
        PatchedModel.edit(model.resolve("model.json"), s -> s.replace("\"text_dim\": 16", "\"text_dim\": 8"));
        refused("text states are 8 wide", "U-Net takes 16");
        PatchedModel.edit(model.resolve("model.json"), s -> s.replace("\"text_dim\": 8", "\"text_dim\": 16")
                .replace("\"pooled_text_dim\": 16", "\"pooled_text_dim\": 12"));
        refused("pooled text and size conditioning");
    }

    @Test void anUnknownScheduler() throws IOException {
        PatchedModel.edit(model.resolve("scheduler/scheduler_config.json"), s -> s.replace("scaled_linear", "squaredcos_cap_v2"));
        refused("scheduler_config.json", "beta_schedule");
    }
}
