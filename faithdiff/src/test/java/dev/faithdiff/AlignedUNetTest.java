package dev.faithdiff;

import static dev.faithdiff.Fixtures.tensor;

import com.google.gson.JsonObject;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.NetworkBattery;
import dev.faithdiff.networks.NetworkBattery.Build;
import dev.faithdiff.networks.NetworkBattery.Released;
import dev.faithdiff.networks.NetworkBattery.Stored;
import dev.faithdiff.networks.align.AlignConfig;
import dev.faithdiff.networks.align.AlignedUNet;
import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/** FaithDiff's network, into which the LQ encoder's stored features go. */
@Tag("full")
class AlignedUNetTest {
    private static final AlignConfig RELEASED = new AlignConfig(new int[] {128, 256, 512, 512}, 2, 32, true, false, 512, 32, 1e-6f, 320, 640, 8, 2, 2,
            1e-5f);
    private static final List<Shape> INPUTS = List.of(Shape.of(1, 128, 128, 4), Shape.of(1, 128, 128, 512), Shape.of(2, 77, 2048), Shape.of(2, 1280),
            Shape.of(2, 6));

    @TestFactory DynamicNode battery() {
        Path folder = TinyModel.folder();
        Fixtures f = Fixtures.open("stages/unet.safetensors");
        String name = f.names().stream().filter(n -> n.endsWith(".with_embedding")).findFirst().orElseThrow();
        JsonObject facts = Fixtures.json("stages/stages.json").getAsJsonObject("files").getAsJsonObject("unet.safetensors");
        double tolerance = facts.getAsJsonObject("errors").getAsJsonObject(name).get("suggested_atol").getAsDouble();
        float timestep = Float.parseFloat(name.substring(1, name.indexOf('.')));
        UNetConfig sizes = UNetConfig.of(Config.read(folder.resolve("unet/config.json")));
        AlignConfig align = AlignConfig.of(Config.read(folder.resolve("model.json")).at("faithdiff"));
        Supplier<Tensor[]> inputs = () -> new Tensor[] {tensor(f, "latents"), tensor(f, "features"), tensor(f, "prompt_embeds"), tensor(f, "pooled"),
            tensor(f, "time_ids")};
        return new NetworkBattery("FaithDiff's U-Net", folder.resolve("unet/model.safetensors"), build(sizes, align, timestep), inputs,
                Stored.of(f, name, tolerance),
                new Released(List.of("unet", "faithdiff"), build(UNetConfig.SDXL, RELEASED, timestep), INPUTS, 860_000_000)).tests();
    }

    /** Latents, the LQ encoder's features, text, pooled text and size conditioning. */
    private static Build build(UNetConfig sizes, AlignConfig align, float timestep) {
        return w -> {
            AlignedUNet net = new AlignedUNet(w, sizes, align);
            return in -> net.predict(in[0], net.condition(in[1]), timestep, Context.once(in[2]), in[3], in[4]);
        };
    }
}
