package dev.faithdiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.faithdiff.model.ModelError;
import dev.faithdiff.restore.CommonOptions;
import dev.faithdiff.restore.Compute;
import dev.faithdiff.restore.FirstStage;
import dev.faithdiff.restore.Option;
import dev.faithdiff.restore.Restorer;
import dev.faithdiff.restore.Restorers;
import dev.faithdiff.restore.TwoStages;
import dev.faithdiff.restore.generator.GeneratorModels;
import dev.faithdiff.restore.generator.GeneratorRestorer;
import dev.faithdiff.restore.generator.RrdbNetKind;
import dev.faithdiff.tensor.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code model.json} says decides what is opened; what it says wrong is one line. */
class RestorersTest {
    @TempDir Path dir;

    private Path model;

    @BeforeEach void copy() throws IOException { model = PatchedModel.copy(PatchedModel.SMALL, dir.resolve("models/mini")); }

    private void says(String line) throws IOException {
        PatchedModel.edit(model.resolve("model.json"), s -> s.replace("\"kind\": \"faithdiff\",", line));
    }

    private void refused(String... parts) {
        long inUse = Device.CPU.pool().usedBytes();
        var thrown = assertThatThrownBy(() -> Restorers.open(model, Device.CPU)).isInstanceOf(ModelError.class).hasMessageNotContaining("\n")
                .hasMessageContaining(model.toString());
        for (String part : parts) thrown.hasMessageContaining(part);
        assertThat(Device.CPU.pool().usedBytes()).isEqualTo(inUse);
    }

    @Test void everyKindIsFound() throws IOException {
        try (Restorer r = Restorers.open(model, Device.CPU)) {
            assertThat(r).isInstanceOf(FaithDiff.class);
        }
        for (String network : new String[] {"realesrgan_x2", "srvgg_x4"}) {
            try (Restorer r = Restorers.open(GeneratorModels.folder(network), Device.CPU)) {
                assertThat(r).isInstanceOf(GeneratorRestorer.class);
            }
        }
        assertThat(Restorers.options()).doesNotHaveDuplicates().containsAll(new FaithDiffKind().options()).containsAll(new RrdbNetKind().options())
                .contains(TwoStages.DETAIL, TwoStages.QUALITY);
        Map<String, Long> named = Restorers.options().stream().collect(Collectors.groupingBy(Option::name, Collectors.counting()));
        named.values().removeIf(count -> count == 1);
        assertThat(named).as("names of several options, whose values differ between systems").containsOnlyKeys("start", "sampler");
    }

    @Test void ownOptionsStartAsPublished() {
        assertThat(FaithDiff.START.initial()).isEqualTo(FaithDiff.Start.LR);
        assertThat(FaithDiff.CONDITION.initial()).isEqualTo(FaithDiff.Condition.TILE);
    }

    @Test void modelsOfAnotherKindAreNamed() {
        Path network = GeneratorModels.folder("realesrgan_x4");
        assertThatThrownBy(() -> FaithDiff.open(network, Device.CPU)).hasMessageContaining("'kind' must be 'faithdiff' (this model has 'rrdbnet')");
    }

    @Test void theKindIsMandatoryAndKnown() throws IOException {
        says("");
        refused("model.json", "'kind' is missing", "convert the model again");
        PatchedModel.edit(model.resolve("model.json"), s -> s.replace("\"version\": 1,", "\"version\": 1, \"kind\": \"painter\","));
        refused("of the kind 'painter'", "adcsr, diffbir, dreamclear, faithdiff, osediff, pasd, pisasr, rrdbnet, seesr, srvggnetcompact, "
                + "stablesr, supir");
    }

    @Test void wrongDefaultsAreNamed() throws IOException {
        PatchedModel.edit(model.resolve("model.json"), s -> s.replace("\"wavelet\"", "\"sepia\""));
        refused("model.json", "color-fix must be adain, wavelet, lab or none, not sepia");
    }

    @Test void theFirstStageIsOpenedToo() throws IOException {
        Path network = PatchedModel.copy(GeneratorModels.folder("srvgg_x4"), dir.resolve("models/srvgg"));
        says("\"kind\": \"faithdiff\", \"initial\": \"../srvgg\", \"initial_share\": 0.5, \"initial_passes\": 2, \"detail\": 0.4,");
        assertThat(Restorers.initial(model)).isEqualTo(network);
        try (TwoStages both = (TwoStages) Restorers.open(model, Device.CPU)) {
            assertThat(both.first().network()).isInstanceOf(GeneratorRestorer.class);
            assertThat(both.first()).isEqualTo(new FirstStage(both.first().network(), 0.5, 2));
            assertThat(both.last()).isInstanceOf(FaithDiff.class);
            assertThat(both.defaults().get(TwoStages.DETAIL)).isEqualTo(0.4);
        }
        try (TwoStages both = Restorers.open(GeneratorModels.folder("realesrgan_x2"), model, Compute.on(Device.CPU))) {
            assertThat(both.first().network().defaults().get(CommonOptions.SCALE)).as("instead of the model's own first stage").isEqualTo(2);
        }
    }

    @Test void aWrongFirstStageIsNamed() throws IOException {
        says("\"kind\": \"faithdiff\", \"initial\": \"../srvgg\",");
        refused("model.json", "its first stage, 'initial', cannot be opened", dir.resolve("models/srvgg").toString(),
                "there is no such model folder");
        Files.createDirectories(dir.resolve("models/srvgg"));
        refused("models/srvgg/model.json", "there is no such file");
        PatchedModel.edit(model.resolve("model.json"), s -> s.replace("\"../srvgg\"", "\".\""));
        refused("has a first stage of its own, so it cannot be one");
    }
}
