package dev.faithdiff.convert.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.faithdiff.KeyLists;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.align.AlignConfig;
import dev.faithdiff.networks.clip.ClipConfig;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.networks.vae.VaeConfig;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.tensor.Shape;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The full-size networks against their stored key lists and published numbers of parameters. */
class KeyListsTest {
    private static final long MOST_BYTES = 16 << 20, MOST_MILLIS = 1000;

    private static Config sdxl(String part) { return Published.sdxl.config(part); }

    private static long values(Map<String, Shape> shapes, String start) {
        return shapes.entrySet().stream().filter(e -> e.getKey().startsWith(start)).mapToLong(e -> e.getValue().count()).sum();
    }

    @ParameterizedTest
    @CsvSource({"unet, 1680, 2567463684", "vae, 248, 83653863", "text_encoder, 196, 123060480", "text_encoder_2, 517, 694659840"})
    void sdxlIsAsLargeAsPublished(String part, int tensors, long parameters) {
        Map<String, Shape> shapes = switch (part) {
            case "unet" -> NeededTensors.unet(sdxl(part));
            case "vae" -> NeededTensors.vae(sdxl(part));
            default -> NeededTensors.text(sdxl(part));
        };
        assertThat(shapes).hasSize(tensors).containsExactlyInAnyOrderEntriesOf(KeyLists.of(part));
        assertThat(values(shapes, "")).isEqualTo(parameters);
    }

    @Test
    void faithDiffAddsWhatIsPublished() {
        Map<String, Shape> shapes = new LinkedHashMap<>(NeededTensors.alignedUnet(sdxl("unet"), sdxl("faithdiff")));
        shapes.keySet().removeAll(NeededTensors.unet(sdxl("unet")).keySet());
        assertThat(shapes).containsExactlyInAnyOrderEntriesOf(KeyLists.of("faithdiff"));
        assertThat(values(shapes, "denoise_encoder.")).isEqualTo(34_125_696);
        assertThat(values(shapes, "condition_embedding.")).isEqualTo(3_835_712);
        assertThat(values(shapes, "information_transformer_layes.")).isEqualTo(6_567_680);
        assertThat(values(shapes, "spatial_ch_projs.")).isEqualTo(205_120);
    }

    /** All of SDXL and FaithDiff, whose weights have 7 GB. */
    @Test
    void askingNetworksForTheirTensorsTakesNeitherTimeNorMemory() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long bytes = threads.getCurrentThreadAllocatedBytes(), began = threads.getCurrentThreadCpuTime();
        NeededTensors.alignedUnet(sdxl("unet"), sdxl("faithdiff"));
        NeededTensors.vae(sdxl("vae"));
        NeededTensors.text(sdxl("text_encoder"));
        NeededTensors.text(sdxl("text_encoder_2"));
        long millis = (threads.getCurrentThreadCpuTime() - began) / 1_000_000, allocated = threads.getCurrentThreadAllocatedBytes() - bytes;
        System.out.println("recorded SDXL and FaithDiff: " + millis + " ms, " + allocated / 1000 + " kB allocated");
        assertThat(millis).isLessThan(MOST_MILLIS);
        assertThat(allocated).isLessThan(MOST_BYTES);
    }

    /** What the shapes of a released network show is what its configuration says. */
    @Test
    void sizesAreReadFromShapes() {
        assertThat(UNetConfig.of(new NamedShapes(KeyLists.of("unet")))).usingRecursiveComparison().isEqualTo(UNetConfig.SDXL);
        assertThat(UNetConfig.of(new NamedShapes(KeyLists.of("unet_sd21")))).usingRecursiveComparison().isEqualTo(UNetConfig.SD21);
        assertThat(VaeConfig.of(new NamedShapes(KeyLists.of("vae")), 0.13025f)).usingRecursiveComparison().isEqualTo(VaeConfig.of(sdxl("vae")));
        assertThat(ClipConfig.of(new NamedShapes(KeyLists.of("text_encoder")), true)).isEqualTo(ClipConfig.of(sdxl("text_encoder")));
        assertThat(ClipConfig.of(new NamedShapes(KeyLists.of("text_encoder_2")), false)).isEqualTo(ClipConfig.of(sdxl("text_encoder_2")));
        assertThat(AlignConfig.of(new NamedShapes(KeyLists.of("faithdiff")))).usingRecursiveComparison().isEqualTo(AlignConfig.of(sdxl("faithdiff")));
    }
}
