package dev.faithdiff.train;

import static dev.faithdiff.restore.diffusion.DiffusionOptions.STEPS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.faithdiff.FaithDiff;
import dev.faithdiff.Model;
import dev.faithdiff.TinyModel;
import dev.faithdiff.image.Image;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.nn.train.AdamW;
import dev.faithdiff.restore.Options;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Pool;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Tape;
import dev.faithdiff.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What each objective trains, that it learns, and that what was trained restores. On the tiny model, whose sizes are SDXL's in small. */
@Tag("full")
class ObjectivesTest {
    private static final NoisePrediction.Settings PUBLISHED = NoisePrediction.Settings.published();

    @TempDir Path dir;
    private Scope scope;

    @BeforeEach void open() { scope = Scope.open(); }

    @AfterEach void close() { scope.close(); }

    private static TrainingBatch batch(String... captions) {
        int b = captions.length, side = 16;
        float[] clean = Rng.cpu(7).rand(b * side * side * 3), degraded = new float[clean.length];
        for (int i = 0; i < clean.length; i++) {
            clean[i] = 2 * clean[i] - 1;
            degraded[i] = 0.5f * clean[i];
        }
        return new TrainingBatch(Tensor.of(clean, b, side, side, 3), Tensor.of(degraded, b, side, side, 3), List.of(captions),
                Stream.of(captions).map(c -> new TrainingBatch.Crop(64, 96, 8, 16)).toList());
    }

    private static Model drawn() { return Model.drawn(TinyModel.folder(), Device.CPU, 5); }

    /** Losses of steps on one batch with the same noise. */
    private static List<Float> train(Objective objective, int steps, boolean recompute) {
        List<Float> losses = new ArrayList<>();
        try (AdamW optimizer = new AdamW(objective.groups(), AdamW.Settings.defaults())) {
            for (int i = 0; i < steps; i++) {
                try (Tape tape = Tape.watch(objective.parameters().values(), recompute)) {
                    Tensor loss = objective.loss(batch("a house", ""), Rng.cpu(3));
                    losses.add(loss.item());
                    optimizer.step(tape.gradients(loss), 1, 1);
                }
            }
        }
        return losses;
    }

    private static void learns(Function<Model, Objective> make, Set<String> changes, Set<String> stays) {
        try (Model model = drawn(); Objective objective = make.apply(model)) {
            Map<String, float[]> before = values(model);
            List<Float> losses = train(objective, 8, false);
            assertThat(losses.getLast()).as("losses " + losses).isLessThan(0.9f * losses.getFirst());
            Map<String, float[]> after = values(model);
            for (String s : changes) assertThat(after.get(s)).as(s).isNotEqualTo(before.get(s));
            for (String s : stays) assertThat(after.get(s)).as(s).isEqualTo(before.get(s));
        }
    }

    private static Map<String, float[]> values(Model model) {
        Map<String, float[]> v = new HashMap<>();
        model.parameters("").forEach((k, t) -> v.put(k, t.toFloats()));
        model.vaeParameters("").forEach((k, t) -> v.put(k, t.toFloats()));
        return v;
    }

    private static final String UNET = "down_blocks.0.resnets.0.conv1.weight", ALIGNMENT = "spatial_ch_projs.weight",
            ENCODER = "denoise_encoder.conv_in.weight", VAE_ENCODER = "encoder.conv_in.weight", VAE_DECODER = "decoder.conv_in.weight";

    @Test void theAlignmentLearnsAlone() {
        learns(m -> new AlignmentObjective(m, PUBLISHED, 1e-3), Set.of(ALIGNMENT), Set.of(UNET, ENCODER, VAE_ENCODER, VAE_DECODER));
    }

    @Test void unetAlignmentAndEncoderLearnTogether() {
        learns(m -> new UnifiedObjective(m, PUBLISHED, 1e-4, 1e-4, Set.of()), Set.of(UNET, ALIGNMENT, ENCODER), Set.of(VAE_ENCODER, VAE_DECODER));
    }

    @Test void fixedPartsStay() {
        learns(m -> new UnifiedObjective(m, PUBLISHED, 1e-4, 1e-4, Set.of(Ablation.FIXED_ENCODER)), Set.of(UNET, ALIGNMENT), Set.of(ENCODER));
        learns(m -> new UnifiedObjective(m, PUBLISHED, 1e-3, 1e-4, Set.of(Ablation.FIXED_UNET)), Set.of(ALIGNMENT, ENCODER), Set.of(UNET));
    }

    @Test void theAutoencoderLearnsWholeOrItsDecoderAlone() {
        VaeObjective.Settings s = VaeObjective.Settings.defaults();
        learns(m -> new VaeObjective(m, s, 1e-4), Set.of(VAE_ENCODER, VAE_DECODER), Set.of(ENCODER, UNET));
        for (double restored : new double[] {0, 1}) {
            learns(m -> new DecoderObjective(m, s, PUBLISHED, 1e-4, restored), Set.of(VAE_DECODER), Set.of(VAE_ENCODER, ENCODER, UNET));
        }
    }

    @Test void theEncoderLearnsThroughAHeadAloneAndBesideTheDenoising() {
        try (Model sizes = drawn(); LqHead head = new LqHead(sizes, 1)) {
            learns(m -> new LqObjective(m, head, 1e-4), Set.of(ENCODER), Set.of(UNET, ALIGNMENT, VAE_ENCODER));
            float[] before = head.parameters().get("lq_head.weight").toFloats();
            learns(m -> new UnifiedObjective(m, PUBLISHED, 1e-4, 1e-4, Set.of(), new UnifiedObjective.Target(head, 0.3, 0.5), true),
                    Set.of(ENCODER, UNET), Set.of());
            assertThat(head.parameters().get("lq_head.weight").toFloats()).isNotEqualTo(before);
        }
    }

    @Test void aBlendAsksForOtherLatentsAndTeachesTheHeadNothing() {
        try (Model model = drawn(); LqHead head = new LqHead(model, 1)) {
            UnifiedObjective half = new UnifiedObjective(model, PUBLISHED, 1, 1, Set.of(), new UnifiedObjective.Target(head, 0, 0.5), true);
            try (Tape tape = Tape.watch(half.parameters().values())) {
                Tensor loss = half.loss(batch("a", "b"), Rng.cpu(3));
                assertThat(loss.item()).isNotEqualTo(loss(model, PUBLISHED, "a", "b"));
                Tensor gradient = tape.gradients(loss).get(head.parameters().get("lq_head.weight"));
                assertThat(gradient.toFloats()).containsOnly(0);
            }
        }
    }

    @Test void silentSizesAreHeardAsThoseOf512AndNotLearned() {
        try (Model model = drawn()) {
            Tensor usual = embedded(model, 512, 512, 0, 0, 512, 512), other = embedded(model, 4096, 2048, 128, 64, 4096, 2048);
            assertThat(other.toFloats()).isNotEqualTo(usual.toFloats());
            FirstValues.silentSizes(model);
            assertThat(embedded(model, 512, 512, 0, 0, 512, 512).toFloats()).containsExactly(usual.toFloats(), within(1e-5f));
            assertThat(embedded(model, 4096, 2048, 128, 64, 4096, 2048).toFloats()).containsExactly(usual.toFloats(), within(1e-5f));
        }
        learns(m -> new UnifiedObjective(m, PUBLISHED, 1e-4, 1e-4, Set.of(), UnifiedObjective.Target.PUBLISHED, false), Set.of(UNET),
                Set.of(FirstValues.SIZES + "weight"));
    }

    private static Tensor embedded(Model model, float... sizes) {
        return model.unet.unet().embedTime(10, model.text.encode("a house").pooled(), Tensor.of(sizes, 1, 6));
    }

    @Test void raisedBiasesAreLargeInTheResidualStreamsAlone() {
        try (Model model = drawn()) {
            FirstValues.raisedBiases(model, Rng.cpu(1));
            for (String raised : List.of("encoder.conv_in.bias", "decoder.conv_in.bias", "encoder.down_blocks.0.downsamplers.0.conv.bias")) {
                for (float v : model.vaeParameters(raised).get(raised).toFloats()) assertThat(Math.abs(v)).isBetween(0.7f, 1.3f);
            }
            for (float v : model.vaeParameters("").get("decoder.conv_out.bias").toFloats()) assertThat(Math.abs(v)).isLessThan(0.7f);
        }
    }

    private static float loss(Model model, NoisePrediction.Settings settings, String... captions) {
        try (Scope _ = Scope.open()) {
            return new UnifiedObjective(model, settings, 1, 1, Set.of()).loss(batch(captions), Rng.cpu(3)).item();
        }
    }

    @Test void theSeedDecidesAllThatIsDrawn() {
        try (Model model = drawn()) {
            assertThat(loss(model, PUBLISHED, "a", "b")).isEqualTo(loss(model, PUBLISHED, "a", "b"));
            try (Scope _ = Scope.open()) {
                UnifiedObjective o = new UnifiedObjective(model, PUBLISHED, 1, 1, Set.of());
                assertThat(o.loss(batch("a", "b"), Rng.cpu(4)).item()).isNotEqualTo(loss(model, PUBLISHED, "a", "b"));
            }
        }
    }

    @Test void droppedCaptionsAreEmptyOnes() {
        NoisePrediction.Settings never = new NoisePrediction.Settings(NoisePrediction.Norm.L2, 0.02, 0, 1, false, true);
        NoisePrediction.Settings always = new NoisePrediction.Settings(NoisePrediction.Norm.L2, 0.02, 1, 1, false, true);
        try (Model model = drawn()) {
            assertThat(loss(model, always, "a house", "two dogs")).isEqualTo(loss(model, never, "", ""))
                    .isNotEqualTo(loss(model, never, "a house", "two dogs"));
        }
    }

    @Test void settingsThatAreNotThePublishedOnes() {
        try (Model model = drawn()) {
            float plain = loss(model, new NoisePrediction.Settings(NoisePrediction.Norm.L2, 0, 0, 1, false, true), "", "");
            assertThat(loss(model, new NoisePrediction.Settings(NoisePrediction.Norm.L1, 0, 0, 1, false, true), "", "")).isNotEqualTo(plain);
            assertThat(loss(model, new NoisePrediction.Settings(NoisePrediction.Norm.L2, 0, 0, 10, false, true), "", "")).isGreaterThan(plain);
            NoisePrediction spread = new NoisePrediction(model, new NoisePrediction.Settings(NoisePrediction.Norm.L2, 0, 0, 1, true, true));
            int[] t = spread.ask(batch("", "", "", ""), Rng.cpu(1)).timesteps();
            for (int i = 1; i < 4; i++) assertThat(Math.floorMod(t[i] - t[i - 1], 1000)).isEqualTo(250);
        }
    }

    /** Each image aligned alone gives what it gives in a batch of one; across the batch, as released, it does not. */
    @Test void imagesSeeEachOtherInTheAlignmentOnlyWhereAskedFor() {
        try (Model model = Model.open(TinyModel.folder(), Device.CPU)) {
            Tensor latents = Tensor.of(Rng.cpu(1).randn(2 * 9 * 4), 2, 3, 3, 4);
            Tensor condition = model.unet.condition(model.unet.features(Tensor.of(Rng.cpu(2).rand(2 * 24 * 24 * 3), 2, 24, 24, 3)));
            float[] alone = model.unet.align(latents.slice(0, 1, 2), condition.slice(0, 1, 2)).toFloats();
            assertThat(model.unet.align(latents, condition, false).slice(0, 1, 2).toFloats()).isEqualTo(alone);
            assertThat(model.unet.align(latents, condition, true).slice(0, 1, 2).toFloats()).isNotEqualTo(alone);
        }
    }

    /** Blocks run again give the same weights to the bit, from less memory. */
    @Test void recomputingChangesNothingButTheMemory() {
        Pool pool = Device.CPU.pool();
        long[] bytes = new long[2];
        List<Map<String, float[]>> values = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            try (Model model = drawn()) {
                pool.resetPeak();
                long before = pool.usedBytes();
                train(new UnifiedObjective(model, PUBLISHED, 1e-3, 1e-4, Set.of()), 2, i == 1);
                bytes[i] = pool.peakUsedBytes() - before;
                values.add(values(model));
            }
        }
        values.get(0).forEach((name, v) -> assertThat(values.get(1).get(name)).as(name).isEqualTo(v));
        assertThat(bytes[1]).isLessThan(bytes[0]);
    }

    @Test void whatWasTrainedIsSavedAndRestores() throws IOException {
        Path folder = dir.resolve("trained");
        try (Model model = drawn()) {
            train(new UnifiedObjective(model, PUBLISHED, 1e-3, 1e-3, Set.of()), 1, false);
            Tensor average = Tensor.of(new float[] {0.5f}, 1).add(model.parameters("conv_in.bias").get("conv_in.bias"));
            model.save(folder, false, DType.F16, Map.of("conv_in.bias", average));
            try (Model saved = Model.open(folder, Device.CPU)) {
                saved.parameters("").forEach((name, t) -> {
                    Tensor expected = name.equals("conv_in.bias") ? average : model.parameters("").get(name);
                    assertThat(t.dtype()).isEqualTo(DType.F16);
                    assertThat(t.toFloats()).as(name).isEqualTo(expected.to(DType.F16).toFloats());
                });
                assertThat(saved.vaeParameters("")).hasSameSizeAs(model.vaeParameters(""));
            }
            assertThatThrownBy(() -> model.save(folder, false, DType.F16, Map.of())).isInstanceOf(ModelError.class)
                    .hasMessageContaining(": exists; choose another folder");
        }
        restores(folder);
        try (Stream<Path> files = Files.list(dir)) {
            assertThat(files.toList()).containsExactly(folder);
        }
    }

    private static void restores(Path folder) {
        try (FaithDiff f = FaithDiff.open(folder, Device.CPU)) {
            Image small = Image.of(6, 4, new byte[6 * 4 * 3]);
            assertThat(f.restore(small, Options.defaults().with(STEPS, 2)).width()).isEqualTo(24);
        }
    }

    @Test void ablatedModelsTrainAndRestore() {
        for (Set<Ablation> ablations : List.of(Set.of(Ablation.NO_ALIGNMENT), Set.of(Ablation.LAST_FEATURES))) {
            Path sizes = dir.resolve("sizes-" + ablations), trained = dir.resolve("trained-" + ablations);
            Ablation.resize(TinyModel.folder(), sizes, ablations);
            try (Model model = Model.drawn(sizes, Device.CPU, 5)) {
                boolean aligns = !model.parameters("information_transformer_layes.").isEmpty();
                assertThat(aligns).isEqualTo(!ablations.contains(Ablation.NO_ALIGNMENT));
                assertThat(model.parameters("").containsKey("denoise_encoder.conv_out.weight")).isEqualTo(ablations.contains(Ablation.LAST_FEATURES));
                List<Float> losses = train(new UnifiedObjective(model, PUBLISHED, 1e-3, 1e-3, ablations), 3, false);
                assertThat(losses.getLast()).isLessThan(losses.getFirst());
                model.save(trained, false, DType.F16, Map.of());
            }
            restores(trained);
        }
    }
}
