package dev.faithdiff.kernels.lab;

import static dev.faithdiff.kernels.lab.Cases.EACH;
import static dev.faithdiff.kernels.lab.Cases.NARROWER;
import static dev.faithdiff.kernels.lab.Cases.PLAIN;
import static dev.faithdiff.kernels.lab.Cases.STORED;
import static dev.faithdiff.kernels.lab.Cases.model;
import static dev.faithdiff.kernels.lab.Cases.parity;
import static dev.faithdiff.kernels.lab.Operand.index;
import static dev.faithdiff.kernels.lab.Operand.w;
import static dev.faithdiff.kernels.lab.Operand.x;
import static dev.faithdiff.kernels.lab.Operand.Values.WIDE;

import dev.faithdiff.kernels.lab.Case.Types;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.op.ConcatOp;
import dev.faithdiff.tensor.op.GatherOp;
import dev.faithdiff.tensor.op.GegluOp;
import dev.faithdiff.tensor.op.GroupNormOp;
import dev.faithdiff.tensor.op.LayerNormOp;
import dev.faithdiff.tensor.op.PadOp;
import dev.faithdiff.tensor.op.PermuteOp;
import dev.faithdiff.tensor.op.ReshapeOp;
import dev.faithdiff.tensor.op.RmsNormOp;
import dev.faithdiff.tensor.op.RopeOp;
import dev.faithdiff.tensor.op.SliceOp;
import java.util.List;

/** Norms and gates, and the ops that move data. */
final class CasesNormsMoves {
    private CasesNormsMoves() {}

    static void add() {
        norms();
        gates();
        views();
        copies();
        images();
        tables();
    }

    private static void norms() {
        groupNorm(EACH, "prime", 3, x(2, 5, 7, 21));
        groupNorm(PLAIN, "one-channel", 5, x(2, 3, 11, 5));
        groupNorm(EACH, "g32", 32, x(1, 6, 5, 64));
        groupNorm(PLAIN, "one-group", 1, x(2, 13, 17));
        groupNorm(PLAIN, "full", 4, x(2, 8, 8, 64));
        groupNorm(PLAIN, "one-pixel", 2, x(1, 1, 1, 34));
        groupNorm(PLAIN, "wide", 3, x(WIDE, 2, 5, 7, 21));
        for (boolean silu : new boolean[] {false, true}) {
            GroupNormOp op = new GroupNormOp(32, 1e-5f, silu);
            String label = silu ? "-silu" : "";
            model(EACH, "unet-320" + label, op, x(1, 64, 64, 320), w(320), w(320));
            model(EACH, "unet-1280" + label, op, x(1, 16, 16, 1280), w(1280), w(1280));
            model(EACH, "vae-128" + label, op, x(1, 256, 256, 128), w(128), w(128));
        }
        GroupNormOp.Grad grad = new GroupNormOp.Grad(new GroupNormOp(32, 1e-5f, true));
        model(EACH, "unet-320-silu", grad, x(1, 64, 64, 320), w(320), w(320), x(1, 64, 64, 320));

        layerNorm(EACH, "prime", x(2, 5, 37));
        layerNorm(PLAIN, "full", x(4, 128));
        layerNorm(PLAIN, "row", x(67));
        layerNorm(PLAIN, "three", x(5, 3));
        layerNorm(PLAIN, "wide", x(WIDE, 7, 41));
        parity(PLAIN, "one", new LayerNormOp(1e-5f), x(3, 1), w(1), w(1));
        model(EACH, "unet-640", new LayerNormOp(1e-5f), x(1, 4096, 640), w(640), w(640));
        model(EACH, "unet-1280", new LayerNormOp(1e-5f), x(1, 1024, 1280), w(1280), w(1280));
        model(EACH, "unet-640", new LayerNormOp.Grad(1e-5f, 0), x(1, 4096, 640), w(640), x(1, 4096, 640));

        rmsNorm(EACH, "prime", x(2, 5, 37));
        rmsNorm(PLAIN, "full", x(4, 128));
        rmsNorm(PLAIN, "wide", x(WIDE, 7, 41));
        parity(PLAIN, "one", new RmsNormOp(0.1f), x(3, 1), w(1));
        parity(PLAIN, "prime", new RopeOp(3, 10000, 5), x(2, 7, 30));
        parity(PLAIN, "full", new RopeOp(2, 10000, 0), x(1, 5, 128));
        parity(PLAIN, "back", new RopeOp(2, 500, 600, true), x(1, 3, 96));
        model(PLAIN, "llama", new RopeOp(32, 10000, 0), x(1, 640, 4096));
        model(EACH, "t5-4096", new RmsNormOp(1e-6f), x(1, 120, 4096), w(4096));
        model(EACH, "t5-4096", new RmsNormOp.Grad(1e-6f, 0), x(1, 120, 4096), w(4096), x(1, 120, 4096));
    }

    /** GroupNorm without and with SiLU, with weights of the same and of narrower types, and its gradients. */
    private static void groupNorm(List<Types> types, String label, int groups, Operand x) {
        int channels = x.shape().size(-1);
        Operand grad = x(x.shape().toArray());
        for (boolean silu : new boolean[] {false, true}) {
            GroupNormOp op = new GroupNormOp(groups, 1e-5f, silu);
            parity(types, label + (silu ? "-silu" : ""), op, x, w(channels), w(channels));
            parity(types, label + (silu ? "-silu" : ""), new GroupNormOp.Grad(op), x, w(channels), w(channels), grad);
        }
        parity(NARROWER, label, new GroupNormOp(groups, 1e-6f, true), x, w(channels), w(channels));
    }

    private static void layerNorm(List<Types> types, String label, Operand x) {
        int channels = x.shape().size(-1);
        Operand grad = x(x.shape().toArray());
        parity(types, label, new LayerNormOp(1e-5f), x, w(channels), w(channels));
        parity(NARROWER, label, new LayerNormOp(1e-5f), x, w(channels), w(channels));
        for (int i = 0; i < 2; i++) parity(types, label + "-" + i, new LayerNormOp.Grad(1e-5f, i), x, w(channels), grad);
    }

    private static void rmsNorm(List<Types> types, String label, Operand x) {
        int channels = x.shape().size(-1);
        Operand grad = x(x.shape().toArray());
        parity(types, label, new RmsNormOp(1e-5f), x, w(channels));
        parity(NARROWER, label, new RmsNormOp(1e-5f), x, w(channels));
        for (int i = 0; i < 2; i++) parity(types, label + "-" + i, new RmsNormOp.Grad(1e-5f, i), x, w(channels), grad);
    }

    private static void gates() {
        parity(EACH, "prime", new GegluOp(), x(2, 3, 74));
        parity(PLAIN, "one", new GegluOp(), x(1, 2));
        parity(PLAIN, "full", new GegluOp(), x(2, 256));
        parity(EACH, "wide", new GegluOp(), x(WIDE, 5, 46));
        parity(EACH, "prime", new GegluOp.Grad(), x(2, 3, 74), x(2, 3, 37));
        parity(PLAIN, "one", new GegluOp.Grad(), x(1, 2), x(1, 1));
        parity(EACH, "wide", new GegluOp.Grad(), x(WIDE, 5, 46), x(5, 23));
        model(EACH, "unet-1280", new GegluOp(), x(1, 1024, 10240));
        model(EACH, "unet-1280", new GegluOp.Grad(), x(1, 1024, 10240), x(1, 1024, 5120));
    }

    private static void views() {
        parity(EACH, "prime", new ReshapeOp(Shape.of(7, 10)), x(2, 5, 7));
        parity(PLAIN, "scalar", new ReshapeOp(Shape.of()), x(1, 1));
        parity(EACH, "last", new SliceOp(2, 3, 10), x(2, 3, 17));
        parity(EACH, "half", new SliceOp(1, 16, 32), x(5, 32));
        parity(PLAIN, "middle", new SliceOp(1, 1, 4), x(3, 5, 7));
        parity(PLAIN, "first", new SliceOp(0, 1, 3), x(5, 7));
        parity(PLAIN, "whole", new SliceOp(1, 0, 7), x(2, 7));
        parity(PLAIN, "one", new SliceOp(1, 12, 13), x(3, 13));
        model(EACH, "columns", new SliceOp(2, 640, 1280), x(1, 4096, 1920));
        model(EACH, "tile", new SliceOp(2, 8, 56), x(1, 64, 64, 320));
    }

    private static void copies() {
        parity(EACH, "last", new ConcatOp(2), x(2, 5, 7), x(2, 5, 3));
        parity(EACH, "channels", new ConcatOp(3), x(2, 3, 5, 16), x(2, 3, 5, 32));
        parity(PLAIN, "first", new ConcatOp(0), x(1, 7), x(3, 7), x(2, 7));
        parity(PLAIN, "middle", new ConcatOp(1), x(3, 1, 5), x(3, 4, 5));
        parity(PLAIN, "single", new ConcatOp(0), x(11));
        model(EACH, "skip", new ConcatOp(3), x(1, 64, 64, 640), x(1, 64, 64, 320));

        parity(EACH, "transpose", new PermuteOp(1, 0), x(17, 37));
        parity(PLAIN, "transpose-full", new PermuteOp(1, 0), x(64, 128));
        parity(EACH, "to-nhwc", new PermuteOp(0, 2, 3, 1), x(2, 5, 3, 7));
        parity(EACH, "to-nchw", new PermuteOp(0, 3, 1, 2), x(2, 3, 7, 5));
        parity(PLAIN, "batch", new PermuteOp(1, 0, 2), x(2, 11, 19));
        parity(PLAIN, "same", new PermuteOp(0, 1, 2), x(2, 3, 5));
        parity(PLAIN, "one", new PermuteOp(1, 0), x(1, 1));
        model(EACH, "image", new PermuteOp(0, 3, 1, 2), x(1, 1024, 1024, 3));
        model(EACH, "transpose-1280", new PermuteOp(1, 0), x(1280, 1280));
    }

    private static void images() {
        parity(EACH, "prime", new PadOp(1, 2, 3, 0), x(2, 3, 5, 7));
        parity(PLAIN, "none", new PadOp(0, 0, 0, 0), x(1, 2, 3, 5));
        parity(PLAIN, "one", new PadOp(1, 1, 1, 1), x(1, 1, 1, 1));
        model(EACH, "vae-128", new PadOp(0, 1, 0, 1), x(1, 256, 256, 128));

    }

    private static void tables() {
        parity(STORED, "prime", new GatherOp(), w(13, 17), index(13, 2, 7));
        parity(PLAIN, "one", new GatherOp(), w(1, 1), index(1, 1));
        parity(PLAIN, "full", new GatherOp(), w(50, 64), index(50, 16));
        parity(EACH, "prime", new GatherOp.Grad(13), x(2, 7, 17), index(13, 2, 7));
        parity(PLAIN, "one", new GatherOp.Grad(3), x(1, 1), index(3, 1));
        model(STORED, "tokens", new GatherOp(), w(49408, 768), index(49408, 1, 77));
        model(PLAIN, "tokens", new GatherOp.Grad(49408), x(1, 77, 768), index(49408, 1, 77));
    }
}
