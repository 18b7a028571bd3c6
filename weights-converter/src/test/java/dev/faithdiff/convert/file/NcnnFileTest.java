package dev.faithdiff.convert.file;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.faithdiff.CommandLineRun;
import dev.faithdiff.Fixtures;
import dev.faithdiff.convert.Main;
import dev.faithdiff.convert.system.WeightFile;
import dev.faithdiff.model.Config;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Networks of ncnn: the weights that PyTorch has, whatever the exporter's style, and graphs and weights that are refused. */
@Tag("full")
class NcnnFileTest {
    private static final Path FILES = Fixtures.path("generators");
    private static final String LEAKY = " 9=2 -23310=1,2.000000e-01", SUM = "0=1 -23301=2,2.000000e-01,1.000000e+00";

    @TempDir Path folder;

    private Path converted(Path file, String name) {
        CommandLineRun run = CommandLineRun.of(Main::run, "convert", file, "-o", folder.resolve(name), "--dtype", "f32");
        assertThat(run.err()).isEmpty();
        return folder.resolve(name).resolve("generator/model.safetensors");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void holdsTheWeightsOfPyTorch(int scale) {
        String name = "srvgg_x" + scale;
        Path expected = converted(FILES.resolve(name + ".pth"), "a");
        for (String ending : new String[] {".param", ".bin"}) {
            assertThat(converted(FILES.resolve(name + ending), "b" + ending)).hasSameBinaryContentAs(expected);
        }
        JsonObject json = Config.read(folder.resolve("b.bin/model.json")).json();
        assertThat(json.get("kind").getAsString() + json.get("scale") + json.get("features") + json.get("convolutions"))
                .isEqualTo("srvggnetcompact" + scale + "52");
        assertThat(CommandLineRun.of(Main::run, "inspect", FILES.resolve(name + ".bin"), "--short").out()).contains("ncnn, graph and weights")
                .contains("an SRVGGNetCompact (Real-ESRGAN), scale " + scale + ", features 5, convolutions 2, in channels 3");
    }

    @Test
    void elementTypesAreKept() {
        for (String name : new String[] {"srvgg_x2.param", "srvgg_x3.bin", "rrdb_x4.param"}) {
            try (WeightFile file = WeightFile.open(FILES.resolve(name))) {
                for (Source t : file.tensors().values()) {
                    boolean half = t.shape().rank() == 4 && !name.startsWith("srvgg_x3");
                    assertThat(t.dtype()).as(t.name()).isEqualTo(half ? DType.F16 : DType.F32);
                }
            }
        }
        assertThat(CommandLineRun.of(Main::run, "inspect", FILES.resolve("rrdb_x4.bin")).out())
                .contains("an RRDBNet (Real-ESRGAN or BSRGAN), scale 4, features 5, growth 2, blocks 2, enlargements 2, in channels 3, "
                        + "out channels 3, 8242 parameters")
                .contains("body.1.rdb3.conv5.weight F16[5, 13, 3, 3]").contains("conv_last.bias F32[3]");
    }

    private Path copy(String name, String param, byte[] bin) throws IOException {
        Files.writeString(folder.resolve(name + ".param"), param);
        Files.write(folder.resolve(name + ".bin"), bin);
        return folder.resolve(name + ".param");
    }

    /** Other exporters write activations as layers and a residual's factor as a product with a number. */
    @Test
    void stylesOfOtherExportersAreTheSameNetwork() throws IOException {
        StringBuilder other = new StringBuilder();
        int made = 0;
        for (String line : Files.readString(FILES.resolve("rrdb_x4.param")).lines().toList()) {
            String[] words = line.split("\\s+");
            if (line.contains(LEAKY)) {
                other.append(line.replace(LEAKY, "").replace(" " + words[5] + " ", " " + words[5] + "_conv ")).append('\n');
                line = "ReLU relu" + made + " 1 1 " + words[5] + "_conv " + words[5] + " 0=0.2";
            } else if (line.contains(SUM)) {
                other.append("BinaryOp mul" + made + " 1 1 " + words[4] + " product" + made + " 0=2 1=1 2=2.000000e-01\n");
                line = "BinaryOp add" + made + " 2 1 " + words[5] + " product" + made + " " + words[6] + " 0=0";
            }
            other.append(line).append('\n');
            made++;
        }
        String text = other.toString();
        text = text.replaceFirst("\n\\d+ ", "\n" + (text.lines().count() - 2) + " ");
        Path file = copy("other", text, Files.readAllBytes(FILES.resolve("rrdb_x4.bin")));
        assertThat(converted(file, "a")).hasSameBinaryContentAs(converted(FILES.resolve("rrdb_x4.param"), "b"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "srvgg_x2 | 7767517 | 7767516 | not a file of torch.save",
        "srvgg_x2 | 12 13 | 11 13 | has 12 layers but says 11 13",
        "srvgg_x2 | 12 13 | twelve | has 12 layers but says twelve",
        "srvgg_x2 | 6=135 | 6=135 8=2 | (Convolution) holds 8-bit integers (int8), which are not read",
        "srvgg_x2 | 6=135 | 6=134 | has 134 weights for 5 outputs",
        "srvgg_x2 | 6=135 | 6=999999999 | has 999999999 weights for 5 outputs",
        "srvgg_x2 | 0=5 1=3 4=1 5=1 6=135 | 0=1 1=1 5=1 6=2000000000 | pass the end of the file",
        "srvgg_x2 | 6=135 | 6=135 3=2 | does not keep the size of the image",
        "srvgg_x2 | 6=135 | 6=135 9=4 | has an activation that no supported network has",
        "srvgg_x2 | 6=135 | 6=135 17=1 | has the parameter 17, which is not understood",
        "srvgg_x2 | 6=135 | 6=1e999 | has no usable parameter 6",
        "srvgg_x2 | 6=135 | 6=NaN | has a parameter that is no number: NaN",
        "srvgg_x2 | 6=135 | 6=1,2 | has a damaged parameter 6=1,2",
        "srvgg_x2 | 6=135 | -23306=3,135 | has a damaged parameter -23306=3,135",
        "srvgg_x2 | 5=1 6=135 | 6=135 | has no bias",
        "srvgg_x2 | PixelShuffle | Deconvolution | (Deconvolution) is of a type that no supported network has",
        "srvgg_x2 | 107 108 0=2 | 107 108 0=4 | it has no SHUFFLE 2.0 after body.6",
        "srvgg_x2 | 0=1 1=2.0 | 0=2 1=2.0 | does not enlarge by nearest neighbour",
        "srvgg_x2 | 2=2.000000e+00 | 2=3.000000e+00 | with one factor for height and width",
        "srvgg_x2 | 2 1 108 109 output | 2 1 108 108 output | it has no ADD after body.6",
        "srvgg_x2 | 2 1 108 109 output | 2 1 108 nothing output | takes nothing, which no layer before it makes",
        "srvgg_x2 | 2 1 108 109 output | 2 1 108 109 105 | makes 105, which is there already",
        "srvgg_x2 | 2 1 108 | 9999999999 1 108 | has a line that is no layer",
        "srvgg_x2 | 0=5 1=3 4=1 5=1 6=225 | 0=5 1=3 4=1 5=1 6=0 | has 0 weights for 5 outputs",
        "rrdb_x4 | 2.000000e-01,1.0 | 3.000000e-01,1.0 | it has no SCALE 0.2 after body.0.rdb1.conv5",
        "rrdb_x4 | 9=2 -23310=1,2.000000e-01 | 9=2 -23310=1,1.000000e-01 | it has no LEAKY 0.2 after body.0.rdb1.conv1",
        "rrdb_x4 | 9=2 -23310=1,2.000000e-01 | 9=1 | it has no LEAKY 0.2 after body.0.rdb1.conv1",
        "rrdb_x4 | 2 1 101_splitncnn_6 102_splitncnn_3 | 2 1 102_splitncnn_3 101_splitncnn_6 | it has no CONCAT after body.0.rdb1.conv1"})
    void otherGraphsAreRefused(String name, String find, String instead, String message) throws IOException {
        String text = Files.readString(FILES.resolve(name + ".param"));
        assertThat(text).contains(find);
        int at = text.indexOf(find);
        Path file = copy(name, text.substring(0, at) + instead + text.substring(at + find.length()),
                Files.readAllBytes(FILES.resolve(name + ".bin")));
        refused(file, message);
    }

    private static void refused(Path file, String message) {
        CommandLineRun run = CommandLineRun.of(Main::run, "inspect", file);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains(file.getFileName().toString()).contains(message);
        assertThat(run.err().lines()).hasSize(1);
    }

    /** A convolution that leads nowhere, one that is read beside another, and what comes after the network. */
    @Test
    void nothingMayBeLeft() throws IOException {
        String text = Files.readString(FILES.resolve("srvgg_x2.param")), more = "Convolution more 1 1 %s unused 0=5 1=1 5=1 6=25\n";
        byte[] bin = Files.readAllBytes(FILES.resolve("srvgg_x2.bin")), longer = Arrays.copyOf(bin, bin.length + 4 + 25 * 4 + 20);
        String header = text.replace("12 13", "13 14"), last = header.lines().toList().getLast() + "\n";
        refused(copy("nowhere", header.replace(last, more.formatted("109") + last), longer), "it has weights that are not used: [more]");
        refused(copy("beside", header.replace(last, more.formatted("106") + last), longer),
                "it has 2 layers CONVOLUTION after body.5, where body.6 belongs");
        refused(copy("behind", header + more.formatted("output"), longer), "it goes on after body.6");
        refused(copy("long", text, longer), "has layers of 2440 bytes of weights, but there are 2564");
        refused(copy("short", text, Arrays.copyOf(bin, bin.length - 1)), "pass the end of the file: truncated?");
    }

    @Test
    void hugeGraphsAreRefused() throws IOException {
        byte[] none = new byte[0];
        refused(copy("wide", "7767517\n1 1\nConcat c 1 1" + " x".repeat(1 << 16), none), "has a line of 131084 characters, more than 65536");
        refused(copy("long", "7767517\n30000 30000\n" + "ReLU r 1 1 x x\n".repeat(30000), none), "has 30000 layers");
        refused(copy("wires", "7767517\n1 1\nConcat c 5000 1 x y", none), "has a line that is no layer");
    }

    @Test
    void elementTypesThatAreNotReadAreNamed() throws IOException {
        String text = Files.readString(FILES.resolve("srvgg_x2.param"));
        ByteBuffer bin = ByteBuffer.wrap(Files.readAllBytes(FILES.resolve("srvgg_x2.bin"))).order(ByteOrder.LITTLE_ENDIAN);
        refused(copy("int8", text, bin.putInt(0, 0x000d4b38).array().clone()), "(Convolution) holds 8-bit integers (int8), which are not read");
        refused(copy("table", text, bin.putInt(0, 0x01020304).array().clone()), "has weights that are neither F16 nor F32");
        Files.delete(folder.resolve("int8.param"));
        CommandLineRun run = CommandLineRun.of(Main::run, "inspect", folder.resolve("int8.bin"));
        assertThat(run.err()).contains("int8.param: does not exist");
        Files.delete(folder.resolve("table.bin"));
        assertThat(CommandLineRun.of(Main::run, "inspect", folder.resolve("table.param")).err())
                .contains("table.bin: does not exist; a graph needs its weights beside it");
    }
}
