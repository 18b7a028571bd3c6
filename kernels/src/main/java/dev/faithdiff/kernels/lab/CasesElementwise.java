package dev.faithdiff.kernels.lab;

import static dev.faithdiff.kernels.lab.Cases.EACH;
import static dev.faithdiff.kernels.lab.Cases.INFERENCE;
import static dev.faithdiff.kernels.lab.Cases.MIXED;
import static dev.faithdiff.kernels.lab.Cases.PLAIN;
import static dev.faithdiff.kernels.lab.Cases.STORED;
import static dev.faithdiff.kernels.lab.Cases.model;
import static dev.faithdiff.kernels.lab.Cases.parity;
import static dev.faithdiff.kernels.lab.Operand.index;
import static dev.faithdiff.kernels.lab.Operand.w;
import static dev.faithdiff.kernels.lab.Operand.x;
import static dev.faithdiff.kernels.lab.Operand.Values.AWAY;
import static dev.faithdiff.kernels.lab.Operand.Values.NORMAL;
import static dev.faithdiff.kernels.lab.Operand.Values.POSITIVE;
import static dev.faithdiff.kernels.lab.Operand.Values.WIDE;
import static dev.faithdiff.tensor.DType.BF16;
import static dev.faithdiff.tensor.DType.F16;
import static dev.faithdiff.tensor.DType.F32;
import static dev.faithdiff.tensor.DType.F8_E4M3;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.op.AffineOp;
import dev.faithdiff.tensor.op.BinaryOp;
import dev.faithdiff.tensor.op.CastOp;
import dev.faithdiff.tensor.op.PreluOp;
import dev.faithdiff.tensor.op.ReduceOp;
import dev.faithdiff.tensor.op.SoftmaxOp;
import dev.faithdiff.tensor.op.UnaryOp;

/** Elementwise ops, casts and reductions. */
final class CasesElementwise {
    private CasesElementwise() {}

    static void add() {
        unary();
        prelu();
        binary();
        casts();
        reductions();
    }

    private static void unary() {
        for (UnaryOp.Kind kind : UnaryOp.Kind.values()) {
            boolean leaky = kind == UnaryOp.Kind.LEAKY_RELU;
            UnaryOp op = new UnaryOp(kind, leaky ? 0.2f : -1, 1);
            UnaryOp.Grad grad = new UnaryOp.Grad(op);
            Operand.Values v = switch (kind) {
                case SQRT, LOG -> POSITIVE;
                case ABS, SIGN, RELU, LEAKY_RELU, CLAMP -> AWAY;
                default -> NORMAL;
            };
            parity(EACH, kind + "-prime", op, x(v, 3, 37));
            parity(PLAIN, kind + "-one", op, x(v, 1));
            parity(PLAIN, kind + "-full", op, x(v, 2, 128));
            parity(EACH, kind + "-prime", grad, x(v, 3, 37), x(3, 37));
            parity(PLAIN, kind + "-one", grad, x(v, 1), x(1));
            if (v == POSITIVE || kind == UnaryOp.Kind.EXP) continue;
            parity(EACH, kind + "-wide", op, x(WIDE, 211));
            parity(EACH, kind + "-wide", grad, x(WIDE, 211), x(211));
        }
        model(EACH, "unet-320", new UnaryOp(UnaryOp.Kind.SILU, 0), x(1, 64, 64, 320));
        model(EACH, "text-3072", new UnaryOp(UnaryOp.Kind.QUICK_GELU, 0), x(1, 77, 3072));
        model(EACH, "t5-10240", new UnaryOp(UnaryOp.Kind.GELU_TANH, 0), x(1, 120, 10240));
        model(EACH, "vgg-64", new UnaryOp(UnaryOp.Kind.RELU, 0), x(1, 256, 256, 64));
        model(EACH, "unet-320", new UnaryOp.Grad(new UnaryOp(UnaryOp.Kind.SILU, 0)), x(1, 64, 64, 320), x(1, 64, 64, 320));
    }

    private static void prelu() {
        PreluOp op = new PreluOp();
        PreluOp.Grad grad = new PreluOp.Grad();
        parity(MIXED, "prime", op, x(AWAY, 3, 5, 37), w(37));
        parity(PLAIN, "one", op, x(AWAY, 1), w(1));
        parity(PLAIN, "three", op, x(AWAY, 700, 3), w(3));
        parity(PLAIN, "full", op, x(AWAY, 2, 7, 64), w(64));
        parity(EACH, "wide", op, x(WIDE, 2, 211), w(211));
        parity(MIXED, "prime", grad, x(AWAY, 3, 5, 37), w(37), x(3, 5, 37));
        parity(PLAIN, "one", grad, x(AWAY, 1), w(1), x(1));
        parity(PLAIN, "three", grad, x(AWAY, 700, 3), w(3), x(700, 3));
        parity(PLAIN, "full", grad, x(AWAY, 2, 7, 64), w(64), x(2, 7, 64));
        parity(EACH, "wide", grad, x(WIDE, 2, 211), w(211), x(2, 211));
        model(INFERENCE, "srvgg-64", op, x(1, 128, 128, 64), w(64));
        model(EACH, "srvgg-64", grad, x(1, 128, 128, 64), w(64), x(1, 128, 128, 64));
    }

    private static void binary() {
        for (BinaryOp.Kind kind : BinaryOp.Kind.values()) {
            BinaryOp op = new BinaryOp(kind);
            parity(EACH, kind + "-same", op, x(2, 3, 31), x(AWAY, 2, 3, 31));
            parity(EACH, kind + "-last", op, x(2, 7, 13), x(AWAY, 13));
            parity(PLAIN, kind + "-one", op, x(1), x(AWAY, 1));
            parity(PLAIN, kind + "-scalar", op, x(4, 16), x(AWAY));
            parity(PLAIN, kind + "-scalar-first", op, x(), x(AWAY, 3, 5));
            parity(PLAIN, kind + "-pixels", op, x(2, 3, 5, 17), x(AWAY, 2, 1, 1, 17));
            parity(PLAIN, kind + "-both", op, x(3, 1, 5), x(AWAY, 1, 4, 1));
            parity(PLAIN, kind + "-rank", op, x(5), x(AWAY, 2, 3, 5));
        }
        parity(STORED, "bias", new BinaryOp(BinaryOp.Kind.ADD), x(2, 5, 19), w(19));
        model(EACH, "unet-320", new BinaryOp(BinaryOp.Kind.ADD), x(1, 64, 64, 320), x(1, 64, 64, 320));
        model(EACH, "unet-time", new BinaryOp(BinaryOp.Kind.ADD), x(1, 64, 64, 320), x(1, 1, 1, 320));

        parity(EACH, "prime", new AffineOp(-1.7f, 0.3f), x(3, 41));
        parity(PLAIN, "one", new AffineOp(2, -1), x(1));
        parity(PLAIN, "scalar", new AffineOp(0.5f, 0), x());
        parity(PLAIN, "full", new AffineOp(0.13025f, 0), x(256));
        model(EACH, "latent", new AffineOp(2, -1), x(1, 512, 512, 3));
    }

    private static void casts() {
        for (DType to : new DType[] {F32, F16, BF16, F8_E4M3}) {
            parity(STORED, "to-" + to, new CastOp(to), w(3, 67));
            parity(PLAIN, "to-" + to + "-wide", new CastOp(to), x(WIDE, 2, 128));
            parity(PLAIN, "to-" + to + "-one", new CastOp(to), x(1));
        }
        for (DType to : new DType[] {DType.I32, DType.I64, DType.U8}) parity(PLAIN, "to-" + to, new CastOp(to), x(POSITIVE, 2, 29));
        parity(PLAIN, "I64-to-F32", new CastOp(F32), index(1000, 5, 7));
        model(STORED, "weight-1280-to-F32", new CastOp(F32), w(1280, 1280));
        model(PLAIN, "weight-1280-to-F16", new CastOp(F16), x(1280, 1280));
    }

    private static void reductions() {
        for (ReduceOp.Kind kind : ReduceOp.Kind.values()) {
            parity(EACH, kind + "-last", new ReduceOp(kind, 0b100), x(2, 3, 37));
            parity(EACH, kind + "-first", new ReduceOp(kind, 0b01), x(13, 19));
            parity(PLAIN, kind + "-first-full", new ReduceOp(kind, 0b01), x(64, 64));
            parity(PLAIN, kind + "-middle", new ReduceOp(kind, 0b010), x(2, 11, 7));
            parity(PLAIN, kind + "-outer", new ReduceOp(kind, 0b101), x(3, 5, 17));
            parity(PLAIN, kind + "-pixels", new ReduceOp(kind, 0b0111), x(2, 3, 5, 23));
            parity(PLAIN, kind + "-all", new ReduceOp(kind, 0b11), x(7, 31));
            parity(PLAIN, kind + "-none", new ReduceOp(kind, 0), x(3, 5));
            parity(PLAIN, kind + "-one", new ReduceOp(kind, 1), x(1));
            model(PLAIN, kind + "-all", new ReduceOp(kind, 0b1111), x(1, 64, 64, 320));
        }
        model(EACH, "bias-gradient", new ReduceOp(ReduceOp.Kind.SUM, 0b01), x(4096, 640));

        parity(EACH, "prime", new SoftmaxOp(), x(2, 3, 37));
        parity(EACH, "wide", new SoftmaxOp(), x(WIDE, 5, 77));
        parity(PLAIN, "full", new SoftmaxOp(), x(3, 128));
        parity(PLAIN, "one", new SoftmaxOp(), x(7, 1));
        parity(EACH, "prime", new SoftmaxOp.Grad(), x(2, 3, 37), x(2, 3, 37));
        parity(PLAIN, "one", new SoftmaxOp.Grad(), x(7, 1), x(7, 1));
        model(EACH, "scores", new SoftmaxOp(), x(10, 1024, 1024));
        model(EACH, "scores", new SoftmaxOp.Grad(), x(10, 1024, 1024), x(10, 1024, 1024));
    }
}
