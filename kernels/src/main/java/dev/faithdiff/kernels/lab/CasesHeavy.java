package dev.faithdiff.kernels.lab;

import static dev.faithdiff.kernels.lab.Cases.EACH;
import static dev.faithdiff.kernels.lab.Cases.GROUPED4;
import static dev.faithdiff.kernels.lab.Cases.GROUPED8;
import static dev.faithdiff.kernels.lab.Cases.INFERENCE;
import static dev.faithdiff.kernels.lab.Cases.MIXED;
import static dev.faithdiff.kernels.lab.Cases.NARROWER;
import static dev.faithdiff.kernels.lab.Cases.PLAIN;
import static dev.faithdiff.kernels.lab.Cases.QUANTIZED;
import static dev.faithdiff.kernels.lab.Cases.STORED;
import static dev.faithdiff.kernels.lab.Cases.model;
import static dev.faithdiff.kernels.lab.Cases.parity;
import static dev.faithdiff.kernels.lab.Operand.scale;
import static dev.faithdiff.kernels.lab.Operand.w;
import static dev.faithdiff.kernels.lab.Operand.x;
import static dev.faithdiff.kernels.lab.Operand.Values.WIDE;

import dev.faithdiff.kernels.lab.Case.Types;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.op.AttentionOp;
import dev.faithdiff.tensor.op.Conv2dOp;
import dev.faithdiff.tensor.op.GroupedLinearOp;
import dev.faithdiff.tensor.op.LinearOp;
import dev.faithdiff.tensor.op.MatmulOp;
import dev.faithdiff.tensor.op.Op;
import dev.faithdiff.tensor.op.QuantizedLinearOp;
import java.util.List;

/** Matrix products, convolutions, attention and their gradients. */
final class CasesHeavy {
    private CasesHeavy() {}

    static void add() {
        products();
        grouped();
        convolutions();
        attention();
    }

    /** Layers with weights in groups of 32, of 8 and of 4 bits. */
    private static void grouped() {
        for (List<Types> types : List.of(GROUPED8, GROUPED4)) {
            int each = types == GROUPED4 ? 2 : 1;
            grouped(types, each, false, "prime", 35, 96, 11);
            grouped(types, each, false, "deep", 13, 2080, 17);
            grouped(types, each, false, "ragged", 97, 288, 129);
            grouped(types, each, false, "row", 1, 160, 131);
            grouped(types, each, false, "three-rows", 3, 416, 66);
            grouped(types, each, false, "one", 1, 32, 1);
            grouped(types, each, false, "four-rows", 4, 512, 6);
            for (int[] s : new int[][] {{4096, 4096}, {4096, 11008}, {11008, 4096}, {5120, 13824}}) {
                grouped(types, each, true, "llama-" + s[0] + "-" + s[1], 1, s[0], s[1]);
            }
            grouped(types, each, true, "llama-prompt", 640, 4096, 4096);
        }
        model(GROUPED8, "llama-head", new GroupedLinearOp(), x(1, 4096), w(WIDE, 32000, 4096), scale(32000, 128));
    }

    private static void grouped(List<Types> types, int each, boolean model, String label, int rows, int k, int n) {
        Operand[] operands = {x(rows, k), w(WIDE, n, k / each), scale(n, k / 32), x(n)};
        if (model) model(types, label, new GroupedLinearOp(), operands[0], operands[1], operands[2]);
        else parity(types, label, new GroupedLinearOp(), operands);
    }

    private static void products() {
        LinearOp linear = new LinearOp();
        parity(MIXED, "prime", linear, x(2, 5, 13), w(11, 13), w(11));
        parity(MIXED, "no-bias", linear, x(7, 17), w(19, 17));
        parity(STORED, "row", linear, x(1, 67), w(131, 67), w(131));
        parity(PLAIN, "one", linear, x(1, 1), w(1, 1), w(1));
        parity(PLAIN, "vector", linear, x(31), w(7, 31), w(7));
        parity(PLAIN, "thin", linear, x(29, 1), w(37, 1), w(37));
        parity(MIXED, "full", linear, x(64, 64), w(64, 64), w(64));
        parity(MIXED, "ragged", linear, x(97, 261), w(129, 261), w(129));
        parity(PLAIN, "deep", linear, x(13, 2051), w(17, 2051), w(17));
        parity(PLAIN, "tall", linear, x(521, 23), w(5, 23));
        model(INFERENCE, "time", linear, x(1, 320), w(1280, 320), w(1280));
        model(MIXED, "unet-640", linear, x(4096, 640), w(640, 640), w(640));
        model(MIXED, "unet-1280", linear, x(1024, 1280), w(1280, 1280), w(1280));
        model(PLAIN, "4096x1280", linear, x(4096, 1280), w(1280, 1280));
        model(INFERENCE, "text-keys", linear, x(77, 2048), w(1280, 2048));
        model(INFERENCE, "geglu-in", linear, x(1024, 1280), w(10240, 1280), w(10240));
        model(INFERENCE, "geglu-out", linear, x(1024, 5120), w(1280, 5120), w(1280));
        model(INFERENCE, "geglu-in-256", linear, x(256, 1280), w(10240, 1280), w(10240)); // an image of 512 pixels
        model(INFERENCE, "geglu-out-256", linear, x(256, 5120), w(1280, 5120), w(1280));

        QuantizedLinearOp quantized = new QuantizedLinearOp();
        parity(QUANTIZED, "prime", quantized, x(2, 5, 13), w(WIDE, 11, 13), x(11), x(11));
        parity(QUANTIZED, "no-bias", quantized, x(7, 17), w(WIDE, 19, 17), x(19));
        parity(QUANTIZED, "row", quantized, x(1, 67), w(WIDE, 131, 67), x(131), x(131));
        parity(QUANTIZED, "one", quantized, x(1, 1), w(WIDE, 2, 1), x(2), x(2));
        parity(QUANTIZED, "full", quantized, x(64, 64), w(WIDE, 64, 64), x(64), x(64));
        parity(QUANTIZED, "ragged", quantized, x(97, 261), w(WIDE, 129, 261), x(129), x(129));
        parity(QUANTIZED, "deep", quantized, x(13, 2051), w(WIDE, 17, 2051), x(17), x(17));
        parity(QUANTIZED, "tall", quantized, x(521, 23), w(WIDE, 5, 23), x(5));
        model(QUANTIZED, "unet-1280", quantized, x(1024, 1280), w(WIDE, 1280, 1280), x(1280), x(1280));
        model(QUANTIZED, "4096x1280", quantized, x(4096, 1280), w(WIDE, 1280, 1280), x(1280));
        model(QUANTIZED, "geglu-in", quantized, x(1024, 1280), w(WIDE, 10240, 1280), x(10240), x(10240));
        model(QUANTIZED, "geglu-in-256", quantized, x(256, 1280), w(WIDE, 10240, 1280), x(10240), x(10240));
        model(QUANTIZED, "geglu-out-256", quantized, x(256, 5120), w(WIDE, 1280, 5120), x(1280), x(1280));

        for (boolean ta : new boolean[] {false, true}) {
            for (boolean tb : new boolean[] {false, true}) {
                MatmulOp op = new MatmulOp(ta, tb);
                String label = (ta ? "T" : "N") + (tb ? "T" : "N");
                parity(EACH, label + "-prime", op, ta ? x(2, 7, 5) : x(2, 5, 7), tb ? x(2, 11, 7) : x(2, 7, 11));
                parity(EACH, label + "-full", op, x(64, 64), x(64, 64));
                parity(PLAIN, label + "-ragged", op, ta ? x(261, 97) : x(97, 261), tb ? x(129, 261) : x(261, 129));
                parity(PLAIN, label + "-one", op, x(1, 1), x(1, 1));
                parity(PLAIN, label + "-row", op, ta ? x(3, 2, 33, 1) : x(3, 2, 1, 33), tb ? x(3, 2, 17, 33) : x(3, 2, 33, 17));
                model(EACH, label + "-1280", op, x(1280, 1280), x(1280, 1280));
            }
        }
        parity(STORED, "input-gradient", new MatmulOp(false, false), x(23, 29), w(29, 31));
        parity(PLAIN, "weight-gradient", new MatmulOp(true, false), x(2111, 37), x(2111, 41));
        parity(PLAIN, "weight-gradient-wide", new MatmulOp(true, false), x(2, 1031, 13), x(2, 1031, 97));
        model(PLAIN, "unet-640-dx", new MatmulOp(false, false), x(4096, 640), x(640, 640));
        model(PLAIN, "unet-640-dw", new MatmulOp(true, false), x(4096, 640), x(4096, 640));
        model(PLAIN, "geglu-in-dx", new MatmulOp(false, false), x(1024, 10240), x(10240, 1280));
        model(PLAIN, "geglu-in-dw", new MatmulOp(true, false), x(1024, 10240), x(1024, 1280));
        model(PLAIN, "geglu-out-dx", new MatmulOp(false, false), x(1024, 1280), x(1280, 5120));
        model(PLAIN, "geglu-out-dw", new MatmulOp(true, false), x(1024, 1280), x(1024, 5120));
        model(PLAIN, "mini-64-dx", new MatmulOp(false, false), x(4096, 64), x(64, 64));
        model(PLAIN, "mini-64-dw", new MatmulOp(true, false), x(4096, 64), x(4096, 64));
    }

    private static void convolutions() {
        Conv2dOp same = new Conv2dOp(1, 1, 1, 1, 1), point = new Conv2dOp(1, 0, 0, 0, 0);
        Conv2dOp down = new Conv2dOp(2, 1, 1, 1, 1), vaeDown = new Conv2dOp(2, 0, 1, 0, 1);
        convolution(MIXED, "3x3-prime", same, x(2, 7, 5, 3), w(5, 3, 3, 3));
        convolution(MIXED, "1x1", point, x(2, 5, 7, 13), w(11, 1, 1, 13));
        convolution(MIXED, "3x3-full", same, x(1, 8, 8, 32), w(32, 3, 3, 32));
        convolution(PLAIN, "3x3-ragged", same, x(2, 9, 13, 37), w(41, 3, 3, 37));
        convolution(PLAIN, "3x3-64", same, x(1, 12, 10, 64), w(64, 3, 3, 64));
        convolution(PLAIN, "3x3-row", same, x(1, 1, 6, 3), w(4, 3, 3, 3));
        convolution(PLAIN, "3x3-one-pixel", same, x(1, 1, 1, 5), w(3, 3, 3, 5));
        convolution(PLAIN, "one", point, x(1, 1, 1, 1), w(1, 1, 1, 1));
        convolution(PLAIN, "3x3-latent", same, x(1, 9, 11, 4), w(16, 3, 3, 4));
        convolution(PLAIN, "3x3-to-latent", same, x(1, 9, 11, 16), w(4, 3, 3, 16));
        parity(STORED, "3x3-tiles", same, x(2, 13, 14, 32), w(48, 3, 3, 32), w(48));
        parity(PLAIN, "3x3-tiles-no-padding", point, x(1, 27, 26, 32), w(16, 3, 3, 32));
        parity(PLAIN, "3x3-tiles-deep", new Conv2dOp(1, 1, 0, 2, 0), x(1, 23, 19, 112), w(16, 3, 3, 112));
        gradients(STORED, "3x3-tiles", same, x(2, 13, 14, 32), w(48, 3, 3, 32));
        gradients(PLAIN, "3x3-tiles-no-padding", point, x(1, 27, 26, 16), w(32, 3, 3, 16));
        gradients(PLAIN, "3x3-tiles-deep", new Conv2dOp(1, 1, 0, 2, 0), x(1, 23, 19, 16), w(112, 3, 3, 16));
        convolution(EACH, "stride-2", down, x(2, 10, 12, 5), w(7, 3, 3, 5));
        convolution(PLAIN, "stride-2-odd", down, x(1, 9, 13, 17), w(19, 3, 3, 17));
        convolution(PLAIN, "stride-2-one-pixel", down, x(1, 1, 1, 5), w(3, 3, 3, 5));
        convolution(EACH, "asymmetric", vaeDown, x(2, 8, 12, 5), w(7, 3, 3, 5));
        convolution(PLAIN, "asymmetric-odd", vaeDown, x(1, 7, 9, 5), w(4, 3, 3, 5));
        convolution(PLAIN, "no-padding", point, x(1, 7, 8, 5), w(3, 3, 3, 5));
        convolution(PLAIN, "four-sides", new Conv2dOp(1, 1, 0, 2, 3), x(1, 5, 4, 3), w(2, 2, 4, 3));
        convolution(PLAIN, "patches", new Conv2dOp(4, 0, 0, 0, 0), x(1, 8, 12, 3), w(9, 4, 4, 3));
        convolution(PLAIN, "stride-3-point", new Conv2dOp(3, 0, 1, 1, 0), x(2, 8, 7, 3), w(5, 1, 2, 3));
        convolution(PLAIN, "3x3-pixels", same, x(2, 41, 37, 3), w(17, 3, 3, 3));
        convolution(PLAIN, "3x3-pixels-to-few", same, x(2, 41, 37, 17), w(3, 3, 3, 17));
        convolution(PLAIN, "1x1-pixels", point, x(1, 61, 53, 13), w(19, 1, 1, 13));
        convolution(PLAIN, "stride-2-pixels", down, x(2, 67, 61, 7), w(11, 3, 3, 7));
        groups();
        convolutionModel("unet-320", same, x(1, 64, 64, 320), w(320, 3, 3, 320));
        convolutionModel("unet-640", same, x(1, 32, 32, 640), w(640, 3, 3, 640));
        convolutionModel("unet-1280", same, x(1, 16, 16, 1280), w(1280, 3, 3, 1280));
        convolutionModel("unet-in", same, x(1, 64, 64, 4), w(320, 3, 3, 4));
        convolutionModel("unet-out", same, x(1, 64, 64, 320), w(4, 3, 3, 320));
        convolutionModel("unet-down", down, x(1, 64, 64, 320), w(320, 3, 3, 320));
        convolutionModel("unet-shortcut", point, x(1, 32, 32, 1920), w(640, 1, 1, 1920));
        convolutionModel("vae-512", same, x(1, 64, 64, 512), w(512, 3, 3, 512));
        convolutionModel("vae-128", same, x(1, 256, 256, 128), w(128, 3, 3, 128));
        convolutionModel("vae-down", vaeDown, x(1, 256, 256, 128), w(128, 3, 3, 128));
        convolutionModel("mini-32", same, x(4, 128, 128, 32), w(32, 3, 3, 32));
        convolutionModel("mini-64", same, x(4, 64, 64, 64), w(64, 3, 3, 64));
        convolutionModel("mini-128", same, x(4, 8, 8, 128), w(128, 3, 3, 128));
        convolutionModel("mini-in", same, x(4, 128, 128, 3), w(32, 3, 3, 3));
        convolutionModel("mini-out", same, x(4, 128, 128, 32), w(3, 3, 3, 32));
    }

    private static void groups() {
        Conv2dOp depthwise = new Conv2dOp(1, 1, 1, 1, 1, 19);
        convolution(EACH, "depthwise", depthwise, x(2, 7, 5, 19), w(19, 3, 3, 1));
        convolution(STORED, "depthwise-full", new Conv2dOp(1, 1, 1, 1, 1, 32), x(1, 9, 12, 32), w(32, 3, 3, 1));
        convolution(PLAIN, "depthwise-stride-2", new Conv2dOp(2, 0, 1, 2, 1, 16), x(1, 8, 13, 16), w(16, 3, 5, 1));
        convolution(PLAIN, "depthwise-one-pixel", new Conv2dOp(1, 2, 2, 2, 2, 3), x(2, 1, 1, 3), w(3, 5, 5, 1));
        convolution(PLAIN, "depthwise-padding", new Conv2dOp(1, 2, 0, 3, 1, 5), x(1, 3, 4, 5), w(5, 2, 2, 1));
        convolution(EACH, "groups-2", new Conv2dOp(1, 1, 1, 1, 1, 2), x(2, 7, 5, 6), w(10, 3, 3, 3));
        convolution(PLAIN, "groups-multiplier", new Conv2dOp(2, 1, 1, 1, 1, 4), x(1, 8, 9, 4), w(8, 3, 3, 1));
        convolution(PLAIN, "groups-point", new Conv2dOp(1, 0, 0, 0, 0, 3), x(1, 5, 7, 12), w(9, 1, 1, 4));
        convolutionModel("depthwise-96", new Conv2dOp(1, 3, 3, 3, 3, 96), x(1, 128, 128, 96), w(96, 7, 7, 1));
        convolutionModel("depthwise-192", new Conv2dOp(1, 1, 1, 1, 1, 192), x(1, 64, 64, 192), w(192, 3, 3, 1));
        convolutionModel("groups-32", new Conv2dOp(1, 1, 1, 1, 1, 32), x(1, 56, 56, 256), w(256, 3, 3, 8));
    }

    /** A convolution without and with a bias, and its two gradients. */
    private static void convolution(List<Types> types, String label, Conv2dOp op, Operand x, Operand w) {
        parity(types, label, op, x, w);
        parity(PLAIN, label + "-bias", op, x, w, w(w.shape().size(0)));
        gradients(types, label, op, x, w);
    }

    private static void gradients(List<Types> types, String label, Conv2dOp op, Operand x, Operand w) {
        Operand grad = x(result(op, x, w).toArray());
        Shape xs = x.shape(), ws = w.shape();
        parity(types, label, new Conv2dOp.InputGrad(op, xs.size(1), xs.size(2)), grad, w);
        parity(types.stream().filter(EACH::contains).toList(), label, new Conv2dOp.WeightGrad(op, ws.size(1), ws.size(2)), grad, x);
    }

    private static void convolutionModel(String label, Conv2dOp op, Operand x, Operand w) {
        model(INFERENCE, label, op, x, w, w(w.shape().size(0)));
        Operand grad = x(result(op, x, w).toArray());
        List<Types> types = label.equals("unet-320") ? EACH : PLAIN;
        model(types, label, new Conv2dOp.InputGrad(op, x.shape().size(1), x.shape().size(2)), grad, w);
        model(types, label, new Conv2dOp.WeightGrad(op, w.shape().size(1), w.shape().size(2)), grad, x);
    }

    private static Shape result(Op op, Operand... operands) {
        return op.shape(new Case("", op, PLAIN.getFirst(), false, List.of(operands)).outline());
    }

    private static void attention() {
        attention(EACH, "prime", new AttentionOp(2, false), x(2, 11, 6), x(2, 7, 6), x(2, 7, 10));
        attention(PLAIN, "one", new AttentionOp(1, false), x(1, 1, 1), x(1, 1, 1), x(1, 1, 1));
        attention(PLAIN, "one-key", new AttentionOp(3, false), x(2, 5, 24), x(2, 1, 24), x(2, 1, 24));
        attention(EACH, "self-64", new AttentionOp(2, false), x(1, 65, 128), x(1, 65, 128), x(1, 65, 128));
        attention(EACH, "cross-77", new AttentionOp(5, false), x(2, 9, 40), x(2, 77, 40), x(2, 77, 40));
        attention(EACH, "causal", new AttentionOp(2, true), x(2, 13, 16), x(2, 13, 16), x(2, 13, 16));
        attention(PLAIN, "causal-77", new AttentionOp(2, true), x(1, 77, 128), x(1, 77, 128), x(1, 77, 128));
        attention(PLAIN, "causal-longer", new AttentionOp(1, true), x(1, 9, 8), x(1, 5, 8), x(1, 5, 8));
        attention(PLAIN, "head-40", new AttentionOp(2, false), x(1, 16, 80), x(1, 19, 80), x(1, 19, 80));
        attention(PLAIN, "many-keys", new AttentionOp(1, false), x(1, 3, 64), x(1, 331, 64), x(1, 331, 64));
        attention(PLAIN, "many-queries", new AttentionOp(1, false), x(1, 331, 64), x(1, 3, 64), x(1, 3, 64));
        attention(PLAIN, "across", new AttentionOp(2, false), x(37, 4, 32), x(37, 4, 32), x(37, 4, 32));
        attention(PLAIN, "across-ragged", new AttentionOp(3, false), x(11, 5, 21), x(11, 8, 21), x(11, 8, 15));
        attention(PLAIN, "head-512", new AttentionOp(1, false), x(1, 17, 512), x(1, 17, 512), x(1, 17, 512));
        parity(EACH, "wide", new AttentionOp(1, false), x(WIDE, 1, 9, 8), x(WIDE, 1, 11, 8), x(1, 11, 8));
        biased(EACH, "bias", new AttentionOp(2, false), x(2, 11, 6), x(2, 7, 6), x(2, 7, 10), x(1, 2, 11, 7));
        biased(PLAIN, "bias-window", new AttentionOp(3, false), x(2, 16, 24), x(2, 16, 24), x(2, 16, 24), x(2, 3, 16, 16));
        biased(PLAIN, "bias-keys", new AttentionOp(2, false), x(2, 9, 8), x(2, 5, 8), x(2, 5, 8), x(2, 1, 1, 5));
        biased(PLAIN, "bias-one", new AttentionOp(2, false), x(2, 5, 8), x(2, 3, 8), x(2, 3, 8), x(1, 1, 5, 3));
        // Without gradient: with scores this far apart, its small values have fewer correct digits in F32 than the tolerance asks for.
        parity(PLAIN, "bias-wide", new AttentionOp(1, false), x(1, 5, 8), x(1, 203, 8), x(1, 203, 8), x(WIDE, 1, 1, 5, 203));
        biased(PLAIN, "bias-many", new AttentionOp(2, false), x(1, 203, 8), x(1, 199, 8), x(1, 199, 8), x(1, 2, 203, 199));
        biased(PLAIN, "bias-causal", new AttentionOp(2, 2, true, 3), x(1, 9, 8), x(1, 12, 8), x(1, 12, 8), x(1, 2, 9, 12));
        biased(PLAIN, "bias-grouped", new AttentionOp(4, 2, false, 0), x(2, 7, 16), x(2, 9, 8), x(2, 9, 8), x(1, 4, 7, 9));
        attention(EACH, "offset", new AttentionOp(2, 2, true, 4), x(1, 9, 16), x(1, 13, 16), x(1, 13, 16));
        attention(PLAIN, "offset-one", new AttentionOp(2, 2, true, 76), x(2, 1, 16), x(2, 77, 16), x(2, 77, 16));
        for (List<Types> types : List.of(PLAIN, NARROWER)) { // one token on a cache
            parity(types, "cache", new AttentionOp(4, 2, true, 36), x(1, 1, 64), w(1, 37, 32), w(1, 37, 32));
            parity(types, "cache-wide", new AttentionOp(5, 5, true, 70), x(2, 1, 640), w(2, 71, 640), w(2, 71, 640));
        }
        model(List.of(PLAIN.getFirst(), NARROWER.getFirst()), "llama-cache", new AttentionOp(32, 32, true, 700), x(1, 1, 4096), w(1, 701, 4096),
                w(1, 701, 4096));
        attention(PLAIN, "offset-many", new AttentionOp(1, 1, true, 30), x(1, 205, 8), x(1, 220, 8), x(1, 220, 8));
        attention(EACH, "grouped", new AttentionOp(6, 2, false, 0), x(2, 9, 24), x(2, 7, 8), x(2, 7, 10));
        attention(PLAIN, "grouped-one", new AttentionOp(4, 1, true, 2), x(2, 5, 16), x(2, 7, 4), x(2, 7, 4));
        model(EACH, "t5-bias", new AttentionOp(64, false), x(1, 120, 4096), x(1, 120, 4096), x(1, 120, 4096), x(1, 64, 120, 120));
        model(EACH, "swin-window", new AttentionOp(6, false), x(256, 64, 180), x(256, 64, 180), x(256, 64, 180), x(1, 6, 64, 64));
        model(EACH, "llava-step", new AttentionOp(32, 8, true, 1023), x(1, 1, 4096), x(1, 1024, 1024), x(1, 1024, 1024));
        model(EACH, "unet-4096", new AttentionOp(10, false), x(1, 4096, 640), x(1, 4096, 640), x(1, 4096, 640));
        model(EACH, "unet-1024", new AttentionOp(20, false), x(1, 1024, 1280), x(1, 1024, 1280), x(1, 1024, 1280));
        model(EACH, "unet-cross", new AttentionOp(10, false), x(1, 4096, 640), x(1, 77, 640), x(1, 77, 640));
        model(EACH, "text", new AttentionOp(12, true), x(1, 77, 768), x(1, 77, 768), x(1, 77, 768));
        model(EACH, "vae", new AttentionOp(1, false), x(1, 4096, 512), x(1, 4096, 512), x(1, 4096, 512));
        model(PLAIN, "mini-across", new AttentionOp(8, false), x(1024, 4, 128), x(1024, 4, 128), x(1024, 4, 128));
        AttentionOp.Grad across = new AttentionOp.Grad(new AttentionOp(8, false)), mini = new AttentionOp.Grad(new AttentionOp(4, false));
        model(PLAIN, "mini-across", across, x(1024, 4, 128), x(1024, 4, 128), x(1024, 4, 128), x(1024, 4, 128));
        model(PLAIN, "mini-256", mini, x(4, 256, 96), x(4, 256, 96), x(4, 256, 96), x(4, 256, 96));
        model(PLAIN, "mini-cross", mini, x(4, 256, 96), x(4, 77, 96), x(4, 77, 96), x(4, 256, 96));
        AttentionOp.Grad grad = new AttentionOp.Grad(new AttentionOp(20, false));
        model(EACH, "unet-1024", grad, x(1, 1024, 1280), x(1, 1024, 1280), x(1, 1024, 1280), x(1, 1024, 1280));
    }

    /** Attention and its gradients. */
    private static void attention(List<Types> types, String label, AttentionOp op, Operand q, Operand k, Operand v) {
        parity(types, label, op, q, k, v);
        parity(types, label, new AttentionOp.Grad(op), q, k, v, x(result(op, q, k, v).toArray()));
    }

    /** Attention with a bias and its gradients, with and without that of the bias. */
    private static void biased(List<Types> types, String label, AttentionOp op, Operand q, Operand k, Operand v, Operand bias) {
        parity(types, label, op, q, k, v, bias);
        Operand grad = x(result(op, q, k, v, bias).toArray());
        parity(types, label, new AttentionOp.Grad(op, true), q, k, v, grad, bias);
        parity(PLAIN, label + "-fixed", new AttentionOp.Grad(op), q, k, v, grad, bias);
    }
}
