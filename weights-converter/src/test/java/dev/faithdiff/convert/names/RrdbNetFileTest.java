package dev.faithdiff.convert.names;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.faithdiff.CommandLineRun;
import dev.faithdiff.Fixtures;
import dev.faithdiff.convert.Main;
import dev.faithdiff.convert.TinyCheckpoint;
import dev.faithdiff.convert.file.Views;
import dev.faithdiff.convert.system.NeededTensors;
import dev.faithdiff.convert.system.WeightFile;
import dev.faithdiff.model.Config;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Released files of the RRDBNet family as model folders of their own kind. */
@Tag("full")
class RrdbNetFileTest {
    private static final Path FILES = Fixtures.path("rrdbnet");

    private static final JsonObject FACTS = Fixtures.json("rrdbnet/rrdbnet.json");

    private static final RrdbNetFile NETWORK = new RrdbNetFile();

    @TempDir Path folder;

    @ParameterizedTest
    @CsvSource({"realesrgan_x4.pth, 4, params_ema., 0", "realesrgan_x2.pth, 2, params_ema., 2", "bsrnet_x4.pth, 4, '', 0"})
    void becomesAFolderWithOneNaming(String name, int scale, String wrapper, int dropped) throws IOException {
        JsonObject all = FACTS.getAsJsonObject("num_block");
        String file = name.replace(".pth", "");
        int blocks = all.get(all.has(file) ? file : "others").getAsInt();
        int features = FACTS.get("num_feat").getAsInt(), growth = FACTS.get("num_grow_ch").getAsInt();
        Path model = folder.resolve("m");
        CommandLineRun run = CommandLineRun.of(Main::run, "convert", FILES.resolve(name), "-o", model);
        assertThat(run.err()).isEmpty();
        if (dropped > 0) assertThat(run.out()).contains(dropped + " tensors of another copy dropped");
        Config json = Config.read(model.resolve("model.json"));
        assertThat(json.json().toString()).isEqualTo("{\"format\":\"faithdiff-jvm\",\"version\":1,\"source\":\"" + name
                + "\",\"kind\":\"rrdbnet\",\"scale\":"
                + scale + ",\"features\":" + features + ",\"growth\":" + growth + ",\"blocks\":" + blocks
                + ",\"enlargements\":2,\"in_channels\":3,\"out_channels\":3}");
        try (WeightFile source = WeightFile.open(FILES.resolve(name)); SafeTensors made = SafeTensors.open(model.resolve("generator"))) {
            assertThat(made.entries().keySet()).containsExactlyInAnyOrderElementsOf(NeededTensors.generator(NETWORK, json).keySet());
            Map<String, Source> kept = NETWORK.modern(KeyNames.below(wrapper, source.tensors()));
            assertThat(kept.keySet()).isEqualTo(NETWORK.modern(KeyNames.unwrap(source.tensors())).keySet());
            for (SafeTensors.Entry e : made.entries().values()) {
                assertThat(e.data().toArray(ValueLayout.JAVA_BYTE)).as(e.name()).isEqualTo(TinyCheckpoint.bytes(kept.get(e.name())));
            }
        }
        assertThat(CommandLineRun.of(Main::run, "verify", model).code()).isZero();
        assertThat(CommandLineRun.of(Main::run, "inspect", FILES.resolve(name), "--short").out()).contains("an RRDBNet")
                .contains(", scale " + scale + ", features " + features + ", growth " + growth + ", blocks " + blocks);
    }

    /** What the first release of ESRGAN called the tensors of the same network. */
    private static String first(String name) {
        String n = name.replaceFirst("body\\.(\\d+)\\.rdb(\\d)\\.(conv\\d)", "model.1.sub.$1.RDB$2.$3.0");
        return n.replace("conv_first", "model.0").replace("conv_body", "model.1.sub.9").replace("conv_up1", "model.3").replace("conv_up2", "model.6")
                .replace("conv_hr", "model.8").replace("conv_last", "model.10");
    }

    private Path rewritten(UnaryOperator<String> names, String... more) {
        Path file = folder.resolve("rewritten.safetensors");
        try (WeightFile source = WeightFile.open(FILES.resolve("realesrgan_x4.pth"))) {
            List<Source> all = new ArrayList<>(KeyNames.unwrap(source.tensors()).values());
            for (String name : more) all.add(Views.renamed(all.getLast(), name));
            SafeTensors.write(file, all.stream().map(t -> Views.renamed(t, names.apply(t.name()))).toList(), Map.of());
        }
        return file;
    }

    @Test
    void firstNamesOfEsrganAreTheSameNetwork() {
        assertThat(first("body.1.rdb3.conv5.bias")).isEqualTo("model.1.sub.1.RDB3.conv5.0.bias");
        Path file = rewritten(RrdbNetFileTest::first);
        assertThat(CommandLineRun.of(Main::run, "convert", file, "-o", folder.resolve("a")).err()).isEmpty();
        assertThat(CommandLineRun.of(Main::run, "convert", FILES.resolve("realesrgan_x4.pth"), "-o", folder.resolve("b")).err()).isEmpty();
        assertThat(folder.resolve("a/generator/model.safetensors")).hasSameBinaryContentAs(folder.resolve("b/generator/model.safetensors"));
    }

    /** A network is taken whole: what it does not use is an error, as it may change what the network computes. */
    @Test
    void unusedWeightsAreNamed() {
        CommandLineRun more = CommandLineRun.of(Main::run, "convert", rewritten(RrdbNetFileTest::first, "model.1.sub.0.conv1x1.weight"), "-o",
                folder.resolve("m"));
        assertThat(more.code()).isEqualTo(1);
        assertThat(more.err()).contains("model.1.sub.0.conv1x1.weight is not part of the model");
        CommandLineRun beside = CommandLineRun.of(Main::run, "convert", rewritten(n -> n.startsWith("extra") ? n : "params." + n, "extra.weight"),
                "-o", folder.resolve("m"));
        assertThat(beside.err()).contains("extra.weight is not part of the model");
        CommandLineRun twice = CommandLineRun.of(Main::run, "convert", rewritten(n -> n, "trunk_conv.weight"), "-o", folder.resolve("m"));
        assertThat(twice.err()).contains("the RRDBNet has two tensors for conv_body.weight");
    }

    /** Training scripts and libraries wrap a state dict under many names. A discriminator and an optimizer beside it are no part of the network. */
    @ParameterizedTest
    @ValueSource(strings = {"params_ema.", "params-ema.", "params.", "state_dict.", "model_state_dict.", "model.", "net.", "net_g.", "net_g_ema.",
        "netG.", "generator.", "module.", "state_dict.module.", "model_state_dict.generator."})
    void allWrappersAreTakenOff(String wrapper) {
        convert(FILES.resolve("bsrnet_x4.pth"), "plain");
        Path wrapped = folder.resolve("wrapped.safetensors");
        for (UnaryOperator<String> names : List.<UnaryOperator<String>>of(UnaryOperator.identity(), RrdbNetFileTest::first)) {
            try (WeightFile source = WeightFile.open(FILES.resolve("bsrnet_x4.pth"))) {
                List<Source> all = new ArrayList<>();
                for (Source t : NETWORK.modern(source.tensors()).values()) all.add(Views.renamed(t, wrapper + names.apply(t.name())));
                all.add(Views.renamed(all.getFirst(), "net_d.conv0.weight"));
                all.add(Views.renamed(all.getFirst(), "optimizer.state.0.exp_avg"));
                SafeTensors.write(wrapped, all, Map.of());
            }
            assertThat(convert(wrapped, "unwrapped").out()).contains("2 tensors of a discriminator or an optimizer dropped");
            assertThat(folder.resolve("unwrapped/generator/model.safetensors"))
                    .hasSameBinaryContentAs(folder.resolve("plain/generator/model.safetensors"));
        }
    }

    private CommandLineRun convert(Path file, String target) {
        CommandLineRun run = CommandLineRun.of(Main::run, "convert", file, "-o", folder.resolve(target), "--force");
        assertThat(run.err()).isEmpty();
        return run;
    }

    /** More layers than a network has places for are named, whichever naming they have. */
    @ParameterizedTest
    @CsvSource({"conv_up3.weight, conv_up3.bias is missing", "conv_up4.weight, conv_up4.weight", "body.2.rdb1.conv6.weight, body.2.rdb1.conv6.weight",
        "body.2.rdb4.conv1.weight, body.2.rdb4.conv1.weight", "conv_up5.weight, conv_up5.weight"})
    void moreLayersAreNeverLeftOut(String more, String said) {
        CommandLineRun run = CommandLineRun.of(Main::run, "convert", rewritten(n -> n, more), "-o", folder.resolve("m"));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains(said);
        assertThat(folder.resolve("m")).doesNotExist();
    }

    @Test
    void otherNetworksAreNamed() {
        CommandLineRun images = CommandLineRun.of(Main::run, "convert", FILES.resolve("realesrgan_x4_io.safetensors"), "-o", folder.resolve("m"));
        assertThat(images.err()).contains("of no known architecture");
    }
}
