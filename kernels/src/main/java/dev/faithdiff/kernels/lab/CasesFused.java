package dev.faithdiff.kernels.lab;

import static dev.faithdiff.kernels.lab.Cases.EACH;
import static dev.faithdiff.kernels.lab.Cases.INFERENCE;
import static dev.faithdiff.kernels.lab.Cases.MIXED;
import static dev.faithdiff.kernels.lab.Cases.PLAIN;
import static dev.faithdiff.kernels.lab.Cases.STORED;
import static dev.faithdiff.kernels.lab.Cases.model;
import static dev.faithdiff.kernels.lab.Cases.parity;
import static dev.faithdiff.kernels.lab.Operand.w;
import static dev.faithdiff.kernels.lab.Operand.x;
import static dev.faithdiff.kernels.lab.Operand.Values.EVEN;
import static dev.faithdiff.tensor.DType.BF16;
import static dev.faithdiff.tensor.DType.F16;
import static dev.faithdiff.tensor.DType.F32;

import dev.faithdiff.kernels.lab.Case.Types;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.op.Conv2dAddOp;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.GroupNormOp;
import dev.faithdiff.tensor.op.LayerNormOp;
import dev.faithdiff.tensor.op.LinearAddOp;
import dev.faithdiff.tensor.op.LinearGegluOp;
import dev.faithdiff.tensor.op.LinearOp;
import dev.faithdiff.tensor.op.NormedOp;
import dev.faithdiff.tensor.op.RoundRowsOp;
import dev.faithdiff.tensor.op.SelfAttentionOp;
import dev.faithdiff.tensor.op.UpsampleConv2dOp;
import java.util.List;

/** Fused ops. */
final class CasesFused {
    private CasesFused() {}

    static void add() {
        linear();
        convolution();
        upsampling();
        rounding();
        attention();
        norms();
    }

    private static void linear() {
        LinearAddOp add = new LinearAddOp();
        parity(MIXED, "prime", add, x(2, 5, 13), w(11, 13), x(2, 5, 11), w(11));
        parity(MIXED, "no-bias", add, x(7, 17), w(19, 17), x(7, 19));
        parity(STORED, "row", add, x(1, 67), w(131, 67), x(1, 131), w(131));
        parity(PLAIN, "one", add, x(1, 1), w(1, 1), x(1, 1), w(1));
        parity(PLAIN, "vector", add, x(31), w(7, 31), x(7), w(7));
        parity(EACH, "full", add, x(64, 64), w(64, 64), x(64, 64), w(64));
        parity(EACH, "ragged", add, x(97, 261), w(129, 261), x(97, 129), w(129));
        parity(PLAIN, "deep", add, x(13, 2051), w(17, 2051), x(13, 17), w(17));
        model(INFERENCE, "unet-640", add, x(1, 4096, 640), w(640, 640), x(1, 4096, 640), w(640));
        model(INFERENCE, "unet-1280", add, x(1, 1024, 1280), w(1280, 1280), x(1, 1024, 1280), w(1280));
        model(INFERENCE, "geglu-out", add, x(1, 1024, 5120), w(1280, 5120), x(1, 1024, 1280), w(1280));
        model(INFERENCE, "geglu-out-640", add, x(1, 4096, 2560), w(640, 2560), x(1, 4096, 640), w(640));

        LinearGegluOp geglu = new LinearGegluOp();
        parity(MIXED, "prime", geglu, x(2, 5, 13), w(22, 13), w(22));
        parity(EACH, "no-bias", geglu, x(7, 17), w(38, 17));
        parity(STORED, "row", geglu, x(1, 67), w(134, 67), w(134));
        parity(PLAIN, "one", geglu, x(1, 1), w(2, 1), w(2));
        parity(PLAIN, "vector", geglu, x(31), w(14, 31), w(14));
        parity(EACH, "full", geglu, x(64, 64), w(128, 64), w(128));
        parity(EACH, "ragged", geglu, x(97, 261), w(130, 261), w(130));
        model(INFERENCE, "unet-1280", geglu, x(1, 1024, 1280), w(10240, 1280), w(10240));
        model(INFERENCE, "unet-640", geglu, x(1, 4096, 640), w(5120, 640), w(5120));
    }

    private static void convolution() {
        Conv2dAddOp same = new Conv2dAddOp(new Conv2dOp(1, 1, 1, 1, 1)), point = new Conv2dAddOp(new Conv2dOp(1, 0, 0, 0, 0));
        both(MIXED, "3x3-prime", same, x(2, 7, 5, 3), w(5, 3, 3, 3), 2, 7, 5, 5);
        both(EACH, "3x3-full", same, x(1, 8, 8, 32), w(32, 3, 3, 32), 1, 8, 8, 32);
        both(PLAIN, "3x3-ragged", same, x(2, 9, 13, 37), w(41, 3, 3, 37), 2, 9, 13, 41);
        both(STORED, "3x3-tiles", same, x(2, 13, 14, 32), w(48, 3, 3, 32), 2, 13, 14, 48);
        both(PLAIN, "3x3-one-pixel", same, x(2, 1, 1, 5), w(3, 3, 3, 5), 2, 1, 1, 3);
        both(EACH, "1x1", point, x(2, 5, 7, 13), w(11, 1, 1, 13), 2, 5, 7, 11);
        both(PLAIN, "stride-2", new Conv2dAddOp(new Conv2dOp(2, 0, 1, 0, 1)), x(2, 8, 12, 5), w(7, 3, 3, 5), 2, 4, 6, 7);
        both(PLAIN, "groups-2", new Conv2dAddOp(new Conv2dOp(1, 1, 1, 1, 1, 2)), x(2, 7, 5, 6), w(10, 3, 3, 3), 2, 7, 5, 10);
        model(INFERENCE, "unet-320", same, x(1, 64, 64, 320), w(320, 3, 3, 320), x(1, 64, 64, 320), w(320));
        model(INFERENCE, "unet-320-time", same, x(1, 64, 64, 320), w(320, 3, 3, 320), x(1, 1, 1, 320), w(320));
        model(INFERENCE, "unet-640", same, x(1, 32, 32, 640), w(640, 3, 3, 640), x(1, 32, 32, 640), w(640));
        model(INFERENCE, "unet-1280", same, x(1, 16, 16, 1280), w(1280, 3, 3, 1280), x(1, 16, 16, 1280), w(1280));
        model(INFERENCE, "unet-shortcut", point, x(1, 32, 32, 1920), w(640, 1, 1, 1920), x(1, 32, 32, 640), w(640));
        model(INFERENCE, "vae-128", same, x(1, 256, 256, 128), w(128, 3, 3, 128), x(1, 256, 256, 128), w(128));
    }

    private static void upsampling() {
        UpsampleConv2dOp op = new UpsampleConv2dOp();
        parity(MIXED, "prime", op, x(2, 3, 5, 3), w(7, 3, 3, 3), w(7));
        parity(EACH, "no-bias", op, x(1, 5, 4, 16), w(24, 3, 3, 16));
        parity(EACH, "full", op, x(2, 4, 6, 32), w(16, 3, 3, 32), w(16));
        parity(PLAIN, "one", op, x(1, 1, 1, 1), w(1, 3, 3, 1), w(1));
        model(INFERENCE, "unet-640", op, x(1, 32, 32, 640), w(640, 3, 3, 640), w(640));
        model(INFERENCE, "vae-256", op, x(1, 128, 128, 256), w(256, 3, 3, 256), w(256));
        for (DType to : new DType[] {F32, F16, BF16}) {
            parity(STORED, "to-" + to, new UpsampleConv2dOp.Phases(to), w(5, 3, 3, 7));
            parity(STORED, "full-to-" + to, new UpsampleConv2dOp.Phases(to), w(16, 3, 3, 32));
        }
    }

    private static void rounding() {
        for (int columns : new int[] {4, 64, 264, 2052}) parity(MIXED, "columns-" + columns, new RoundRowsOp(), x(3, columns));
        parity(EACH, "stacked", new RoundRowsOp(), x(2, 3, 4, 32));
    }

    /** With an addend of the result's shape, and with one for each image and a bias. */
    private static void both(List<Types> types, String label, Conv2dAddOp op, Operand x, Operand w, int... result) {
        parity(types, label, op, x, w, x(result));
        parity(types, label + "-time", op, x, w, x(result[0], 1, 1, result[3]), w(result[3]));
    }

    private static void attention() {
        self(EACH, "prime", 7, 10, 2, 2, 11);
        self(EACH, "full", 32, 32, 4, 1, 16);
        self(PLAIN, "one", 1, 1, 1, 1, 1);
        self(STORED, "narrow", 20, 12, 3, 2, 5);
        self(PLAIN, "head-40", 80, 80, 2, 1, 19);
        self(EACH, "head-64", 128, 128, 2, 1, 65);
        self(PLAIN, "many", 8, 8, 1, 1, 203);
        model(INFERENCE, "unet-640", new SelfAttentionOp(10), x(1, 4096, 640), w(EVEN, 640, 640), w(EVEN, 640, 640), w(EVEN, 640, 640));
        model(INFERENCE, "unet-1280", new SelfAttentionOp(20), x(1, 1024, 1280), w(EVEN, 1280, 1280), w(EVEN, 1280, 1280), w(EVEN, 1280, 1280));
    }

    /** Norms and what takes their results. */
    private static void norms() {
        LayerNormOp layer = new LayerNormOp(1e-5f);
        parity(EACH, "layer-linear", new NormedOp(layer, new LinearOp()), x(2, 33, 64), w(64), w(64), w(48, 64), w(48));
        parity(EACH, "layer-no-bias", new NormedOp(layer, new LinearOp()), x(17, 1200), w(1200), w(1200), w(16, 1200));
        parity(PLAIN, "layer-prime", new NormedOp(layer, new LinearOp()), x(2, 3, 13), w(13), w(13), w(11, 13), w(11));
        parity(EACH, "layer-geglu", new NormedOp(layer, new LinearGegluOp()), x(37, 96), w(96), w(96), w(64, 96), w(64));
        Operand square = w(EVEN, 32, 32);
        parity(EACH, "layer-attention", new NormedOp(layer, new SelfAttentionOp(4)), x(2, 23, 32), w(32), w(32), square, square, square);
        Conv2dOp same = new Conv2dOp(1, 1, 1, 1, 1);
        Conv2dAddOp add = new Conv2dAddOp(same);
        for (boolean silu : new boolean[] {true, false}) {
            GroupNormOp group = new GroupNormOp(4, 1e-5f, silu);
            String label = "group-" + (silu ? "silu-" : "");
            parity(EACH, label + "conv", new NormedOp(group, same), x(2, 9, 7, 32), w(32), w(32), w(16, 3, 3, 32), w(16));
            parity(EACH, label + "conv-time", new NormedOp(group, add), x(2, 20, 15, 32), w(32), w(32), w(32, 3, 3, 32), x(2, 1, 1, 32), w(32));
            parity(EACH, label + "conv-add", new NormedOp(group, add), x(1, 5, 6, 16), w(16), w(16), w(48, 3, 3, 16), x(1, 5, 6, 48));
            parity(PLAIN, label + "prime", new NormedOp(new GroupNormOp(3, 1e-5f, silu), same), x(2, 3, 5, 9), w(9), w(9), w(5, 3, 3, 9), w(5));
        }
    }

    private static void self(List<Types> types, String label, int width, int channels, int heads, int batch, int tokens) {
        Operand weight = w(EVEN, channels, width);
        parity(types, label, new SelfAttentionOp(heads), x(batch, tokens, width), weight, weight, weight);
    }
}
