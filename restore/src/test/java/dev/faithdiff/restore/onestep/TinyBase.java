package dev.faithdiff.restore.onestep;

import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.Fixtures;
import dev.faithdiff.model.Config;
import dev.faithdiff.networks.unet.UNet;
import dev.faithdiff.networks.unet.UNetConfig;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Model folders of systems of one step: of the fixtures' released files, or of random changes to a small random base. */
public final class TinyBase {
    private static final String UNET = """
            {"block_out_channels": [32, 32], "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
             "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"], "attention_head_dim": [2, 2], "layers_per_block": 1, "in_channels": 4,
             "out_channels": 4, "cross_attention_dim": 32, "norm_num_groups": 8, "norm_eps": 1e-5, "use_linear_projection": true}""";
    private static final String SCHEDULER = """
            {"_class_name": "PNDMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
             "num_train_timesteps": 1000, "steps_offset": 1}""";
    private static final int RANK = 2;

    private TinyBase() {}

    /** The folder of a released file of the fixtures, in F32, as the published implementation computes it. */
    public static synchronized Path converted(Path dir, String file) {
        Path target = dir.resolve("model-" + file.replace('/', '-'));
        if (!Files.exists(target)) convert(Fixtures.path(file), Fixtures.path("osediff/sd21-base"), target, "f32");
        return target;
    }

    /** @param adapters the names of the file's adapters for the U-Net, and of that for the autoencoder if it has one */
    public static synchronized Path random(Path dir, String name, List<String> adapters, String ofVae) {
        Path target = dir.resolve("random-" + name);
        if (Files.exists(target)) return target;
        Path base = base(dir.resolve("base"));
        List<Source> factors = new ArrayList<>();
        try (SafeTensors unet = SafeTensors.open(base.resolve("unet/model.safetensors"))) {
            for (String a : adapters) factors(factors, "state_dict_unet.", unet.entries().values().stream(), a);
        }
        try (SafeTensors vae = SafeTensors.open(base.resolve("vae"))) {
            if (ofVae != null) {
                factors(factors, "state_dict_vae.", vae.entries().values().stream().filter(t -> t.name().startsWith("encoder.")), ofVae);
            }
        }
        Path file = dir.resolve(name);
        SafeTensors.write(file, factors, Map.of());
        convert(file, base, target, "f32");
        return target;
    }

    private static void convert(Path file, Path base, Path target, String type) {
        assertThat(dev.faithdiff.convert.Main.run("convert", file.toString(), "--base", base.toString(), "--dtype", type, "-o", target.toString()))
                .isZero();
        assertThat(dev.faithdiff.convert.Main.run("verify", target.toString())).isZero();
    }

    /** A small base. Text encoder and autoencoder are those of a small checkpoint of SDXL; the text encoder is as in Stable Diffusion 1. */
    public static synchronized Path base(Path base) {
        try {
            return Files.exists(base) ? base : made(base);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path made(Path base) throws IOException {
        Path from = Fixtures.path("checkpoint-tiny/sdxl");
        for (String part : List.of("text_encoder", "tokenizer", "vae")) {
            Files.createDirectories(base.resolve(part));
            try (Stream<Path> files = Files.list(from.resolve(part))) {
                for (Path f : files.toList()) Files.copy(f, base.resolve(part).resolve(f.getFileName()));
            }
        }
        Files.createDirectories(base.resolve("scheduler"));
        Files.writeString(base.resolve("scheduler/scheduler_config.json"), SCHEDULER);
        Path unet = Files.createDirectories(base.resolve("unet"));
        Files.writeString(unet.resolve("config.json"), UNET);
        try (Weights w = Weights.init(3, Device.CPU)) {
            new UNet(w, UNetConfig.of(Config.of(unet, UNET)));
            w.save(unet.resolve("model.safetensors"));
        }
        return base;
    }

    /** A small change of every matrix and kernel. */
    private static void factors(List<Source> to, String start, Stream<? extends Source> weights, String adapter) {
        weights.filter(t -> t.name().endsWith(".weight") && t.shape().rank() > 1).forEach(t -> {
            Shape s = t.shape();
            boolean kernel = s.rank() == 4;
            String module = start + t.name().substring(0, t.name().length() - "weight".length());
            to.add(source(module + "lora_A." + adapter + ".weight", kernel ? Shape.of(RANK, s.size(1), s.size(2), s.size(3))
                    : Shape.of(RANK, s.size(1))));
            to.add(source(module + "lora_B." + adapter + ".weight", kernel ? Shape.of(s.size(0), RANK, 1, 1) : Shape.of(s.size(0), RANK)));
        });
    }

    private static Source source(String name, Shape shape) {
        int count = Math.toIntExact(shape.count());
        return Source.made(name, DType.F32, shape, () -> Tensor.of(Rng.cpu(name.hashCode()).randn(count), count).mul(0.03f));
    }
}
