package dev.faithdiff.jmh;

import dev.faithdiff.networks.unet.Context;
import dev.faithdiff.networks.unet.TransformerBlock;
import dev.faithdiff.networks.vae.VaeMidBlock;
import dev.faithdiff.nn.ResnetBlock;
import dev.faithdiff.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/** The blocks of SDXL's U-Net and VAE at the sizes of images of 512 and 1024 pixels, with drawn weights. */
final class Blocks {
    private static final int TIME = 1280, TEXT = 2048, TOKENS = 77, GROUPS = 32;

    static final Map<String, Function<BenchTarget, Workload>> ALL = new LinkedHashMap<>();

    static {
        ALL.put("resnet-320-64x64", p -> resnet(p, 320, 320, 64, TIME));
        ALL.put("resnet-320-128x128", p -> resnet(p, 320, 320, 128, TIME));
        ALL.put("resnet-640-64x64", p -> resnet(p, 640, 640, 64, TIME));
        ALL.put("resnet-1280-32x32", p -> resnet(p, 1280, 1280, 32, TIME));
        ALL.put("resnet-2560-1280-16x16", p -> resnet(p, 2560, 1280, 16, TIME));
        ALL.put("resnet-2560-1280-32x32", p -> resnet(p, 2560, 1280, 32, TIME));
        ALL.put("transformer-640-4096", p -> transformer(p, 640, 10, 4096));
        ALL.put("transformer-1280-1024", p -> transformer(p, 1280, 20, 1024));
        ALL.put("transformer-1280-256", p -> transformer(p, 1280, 20, 256));
        ALL.put("vae-resnet-512-64x64", p -> resnet(p, 512, 512, 64, 0));
        ALL.put("vae-resnet-256-256x256", p -> resnet(p, 256, 256, 256, 0));
        ALL.put("vae-resnet-128-256x256", p -> resnet(p, 128, 128, 256, 0));
        ALL.put("vae-mid-512-64x64", p -> mid(p, 64));
        ALL.put("vae-mid-512-128x128", p -> mid(p, 128));
    }

    private Blocks() {}

    private static Workload resnet(BenchTarget p, int in, int out, int size, int time) {
        Workload work = new Workload();
        ResnetBlock block = new ResnetBlock(p.weights(work), in, out, time, GROUPS, 1e-5f);
        Tensor x = p.input(work, size, size, in), temb = time == 0 ? null : p.input(work, time);
        return work.repeat(() -> block.forward(x, temb));
    }

    private static Workload transformer(BenchTarget p, int channels, int heads, int tokens) {
        Workload work = new Workload();
        TransformerBlock block = new TransformerBlock(p.weights(work), channels, heads, TEXT);
        Tensor x = p.input(work, tokens, channels), text = p.input(work, TOKENS, TEXT);
        return work.repeat(() -> block.forward(x, new Context(text)));
    }

    private static Workload mid(BenchTarget p, int size) {
        Workload work = new Workload();
        VaeMidBlock block = new VaeMidBlock(p.weights(work), 512, GROUPS, true);
        Tensor x = p.input(work, size, size, 512);
        return work.repeat(() -> block.forward(x));
    }
}
