package dev.faithdiff.convert.names;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.CommandLineRun;
import dev.faithdiff.Fixtures;
import dev.faithdiff.convert.Main;
import dev.faithdiff.convert.file.TorchFile;
import dev.faithdiff.convert.system.NeededTensors;
import dev.faithdiff.model.Config;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The released files of measures, whose names and shapes are known. */
class MeasureFilesTest {
    @TempDir Path folder;

    /** A tensor without values. */
    private record Named(String name, Shape shape) implements Source {
        @Override public DType dtype() { return DType.F32; }

        @Override public void writeTo(WritableByteChannel out) { throw new UnsupportedOperationException(); }
    }

    /** The tensors of a released file of a group, whose name contains a word. */
    private static Map<String, Source> released(String group, String word) {
        for (JsonElement e : Fixtures.json("iqa/released_keys.json").getAsJsonArray(group)) {
            JsonObject file = e.getAsJsonObject();
            if (!file.get("file").getAsString().contains(word)) continue;
            Map<String, Source> all = new LinkedHashMap<>();
            file.getAsJsonObject("keys").asMap().forEach((key, sizes) -> {
                String name = key.startsWith("(bare tensor") ? TorchFile.BARE : key;
                all.put(name, new Named(name, Shape.of(sizes.getAsJsonArray().asList().stream().mapToInt(JsonElement::getAsInt).toArray())));
            });
            return all;
        }
        throw new AssertionError(group + " has no file " + word);
    }

    private static Map<String, Source> renamed(String from, String to, Map<String, Source> tensors) {
        Map<String, Source> all = new LinkedHashMap<>();
        tensors.values().forEach(t -> {
            String name = t.name().startsWith(from) ? to + t.name().substring(from.length()) : t.name();
            all.put(name, new Named(name, t.shape()));
        });
        return all;
    }

    /** Batch norms are folded, so that there are fewer values than released. */
    private static final long FOLDED = -1;

    /** The network takes every tensor that the layout leaves, and no other, and they have so many values. */
    private static void takes(String kind, long values, List<Map<String, Source>> files) {
        MeasureFiles layout = MeasureFiles.of(kind);
        Map<String, Source> tensors = layout.tensors(files);
        Map<String, Shape> shapes = new LinkedHashMap<>(), needed =
                NeededTensors.measure(layout, tensors, Config.of(Path.of(kind), layout.settings().toString()));
        tensors.forEach((name, t) -> shapes.put(name, t.shape()));
        assertThat(needed).as(kind).isEqualTo(shapes);
        if (values != FOLDED) assertThat(shapes.values().stream().mapToLong(Shape::count).sum()).as("values of " + kind).isEqualTo(values);
    }

    @Test void networksTakeExactlyTheReleasedTensors() {
        Map<String, Source> vgg = released("dists", "vgg16"), rn50 = released("clipiqa", "RN50.pt"), vit = released("clipiqa", "ViT-L-14.pt");
        takes("dists", 14_717_638, List.of(released("dists", "DISTS"), vgg));
        Map<String, Source> linear = new LinkedHashMap<>();
        int[] channels = {64, 128, 256, 512, 512};
        for (int i = 0; i < channels.length; i++) {
            String name = "lin" + i + ".model.1.weight";
            linear.put(name, new Named(name, Shape.of(1, channels[i], 1, 1)));
        }
        takes("lpips-vgg", 14_716_160, List.of(vgg, linear));
        takes("musiq", 27_125_825, List.of(released("musiq", "koniq")));
        Map<String, Source> ava = renamed("head.", "head.0.", released("musiq", "koniq"));
        ava.put("head.0.weight", new Named("head.0.weight", Shape.of(10, 384)));
        ava.put("head.0.bias", new Named("head.0.bias", Shape.of(10)));
        takes("musiq-ava", 27_129_290, List.of(renamed("", "module.", ava)));
        takes("maniqa-pipal", 114_164_578, List.of(released("maniqa", "PIPAL")));
        takes("clipiqa", FOLDED, List.of(rn50));
        takes("clipiqa+", FOLDED, List.of(released("clipiqa", "CLIP-IQA+_learned"), rn50));
        takes("clipiqa+_rn50_512", FOLDED, List.of(rn50, renamed("", "params.", released("clipiqa", "RN50_512"))));
        takes("clipiqa+_vitL14_512", 427_734_785, List.of(vit, released("clipiqa", "ViTL14_512")));
        takes("alignment", 303_966_208, List.of(vit));
        takes("paq2piq", FOLDED, List.of(released("paq2piq", "P2P")));
        takes("inception", FOLDED, List.of(released("fid", "inception")));
    }

    @Test void readsAnArchiveOfTorchScript() {
        try (TorchFile file = TorchFile.open(Fixtures.path("torchscript/script.pt"));
                TorchFile bare = TorchFile.open(Fixtures.path("torchscript/bare.pth"))) {
            assertThat(file.entries().keySet()).containsExactlyInAnyOrder("scale", "input_resolution", "blocks.0.weight", "blocks.1.weight");
            assertThat(file.entries().get("blocks.1.weight").shape()).isEqualTo(Shape.of(2, 3));
            assertThat(file.entries().get("blocks.1.weight").dtype()).isEqualTo(DType.F16);
            assertThat(bare.entries().get(TorchFile.BARE).shape()).isEqualTo(Shape.of(2, 3));
        }
    }

    @Test void saysWhatIsWrong() {
        Path made = folder.resolve("m");
        String weights = Fixtures.path("iqa/dists/weights.safetensors").toString();
        CommandLineRun.of(Main::run, "convert", "--metric", "lpips", weights, "-o", made)
                .assertFailed(1, "there is no measure 'lpips' with a network; there are lpips-alex");
        CommandLineRun.of(Main::run, "convert", "--metric", "musiq", weights, "-o", made)
                .assertFailed(1, "these are not the tensors of musiq: embedding.weight is missing");
        CommandLineRun.of(Main::run, "convert", "--metric", "dists", weights, weights, "-o", made).assertFailed(1, "two of the files hold alpha");
        CommandLineRun.of(Main::run, "convert", weights, weights, "-o", made).assertFailed(1, "there is more than one SOURCE");
        assertThat(made).doesNotExist();
        assertThat(CommandLineRun.of(Main::run, "convert", "--metric", "dists", weights, "-o", made).err()).isEmpty();
        assertThat(CommandLineRun.of(Main::run, "verify", made).code()).isZero();
        assertThat(made.resolve("model.json")).content().contains("\"kind\": \"dists\"");
        assertThat(Files.exists(made.resolve("measure/model.safetensors"))).isTrue();
    }
}
