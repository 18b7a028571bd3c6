package dev.faithdiff.jmh;

import dev.faithdiff.nn.ResnetBlock;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.sdxl.TextContext;
import dev.faithdiff.sdxl.TransformerBlock;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.vae.MidBlock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** The blocks of SDXL's U-Net and VAE at the sizes of images of 512 and 1024 pixels, with drawn weights. */
final class Blocks {
    private static final int TIME = 1280, TEXT = 2048, TOKENS = 77, GROUPS = 32;

    static final Map<String, Supplier<Work>> ALL = new LinkedHashMap<>();

    static {
        ALL.put("resnet-320-64x64", () -> resnet(320, 320, 64, TIME));
        ALL.put("resnet-640-64x64", () -> resnet(640, 640, 64, TIME));
        ALL.put("resnet-1280-32x32", () -> resnet(1280, 1280, 32, TIME));
        ALL.put("resnet-2560-1280-16x16", () -> resnet(2560, 1280, 16, TIME));
        ALL.put("transformer-640-4096", () -> transformer(640, 10, 4096));
        ALL.put("transformer-1280-1024", () -> transformer(1280, 20, 1024));
        ALL.put("transformer-1280-256", () -> transformer(1280, 20, 256));
        ALL.put("vae-resnet-512-64x64", () -> resnet(512, 512, 64, 0));
        ALL.put("vae-resnet-256-256x256", () -> resnet(256, 256, 256, 0));
        ALL.put("vae-resnet-128-256x256", () -> resnet(128, 128, 256, 0));
        ALL.put("vae-mid-512-64x64", () -> {
            Work work = new Work();
            MidBlock block = new MidBlock(work.hold(weights()), 512, GROUPS, true);
            Tensor x = work.input(1, 64, 64, 512);
            return work.repeat(() -> block.forward(x));
        });
    }

    private Blocks() {}

    private static Weights weights() { return Weights.init(1, Device.CPU); }

    private static Work resnet(int in, int out, int size, int time) {
        Work work = new Work();
        ResnetBlock block = new ResnetBlock(work.hold(weights()), in, out, time, GROUPS, 1e-5f);
        Tensor x = work.input(1, size, size, in), temb = time == 0 ? null : work.input(1, time);
        return work.repeat(() -> block.forward(x, temb));
    }

    private static Work transformer(int channels, int heads, int tokens) {
        Work work = new Work();
        TransformerBlock block = new TransformerBlock(work.hold(weights()), channels, heads, TEXT);
        Tensor x = work.input(1, tokens, channels), text = work.input(1, TOKENS, TEXT);
        return work.repeat(() -> block.forward(x, new TextContext(text)));
    }
}
