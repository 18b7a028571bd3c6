package dev.faithdiff.kernels.lab;

import static dev.faithdiff.kernels.lab.Cases.EACH;
import static dev.faithdiff.kernels.lab.Cases.PLAIN;
import static dev.faithdiff.kernels.lab.Cases.model;
import static dev.faithdiff.kernels.lab.Cases.parity;
import static dev.faithdiff.kernels.lab.Operand.x;
import static dev.faithdiff.kernels.lab.Operand.Values.DISTINCT;
import static dev.faithdiff.kernels.lab.Operand.Values.NORMAL;

import dev.faithdiff.kernels.lab.Case.Types;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.op.PoolOp;
import dev.faithdiff.tensor.op.ResizeOp;
import dev.faithdiff.tensor.op.ResizeOp.Kind;
import java.util.List;

/** Resizing and pooling. */
final class CasesImages {
    private CasesImages() {}

    static void add() {
        resize(EACH, "double", new ResizeOp(Kind.NEAREST, false, 8, 10), x(2, 4, 5, 3));
        resize(PLAIN, "double-full", new ResizeOp(Kind.NEAREST, false, 8, 8), x(1, 4, 4, 64));
        resize(PLAIN, "odd", new ResizeOp(Kind.NEAREST, false, 9, 11), x(1, 5, 6, 4));
        resize(PLAIN, "row", new ResizeOp(Kind.NEAREST, false, 2, 14), x(1, 1, 7, 6));
        resize(PLAIN, "smaller", new ResizeOp(Kind.NEAREST, false, 3, 2), x(1, 7, 5, 3));
        for (Kind kind : new Kind[] {Kind.BILINEAR, Kind.BICUBIC}) {
            for (boolean antialias : new boolean[] {false, true}) {
                String label = kind + (antialias ? "-antialias" : "");
                resize(EACH, label + "-up", new ResizeOp(kind, antialias, 9, 11), x(2, 5, 6, 3));
                resize(EACH, label + "-down", new ResizeOp(kind, antialias, 3, 5), x(1, 11, 13, 19));
                resize(PLAIN, label + "-full", new ResizeOp(kind, antialias, 6, 12), x(1, 8, 8, 32));
                resize(PLAIN, label + "-tiny", new ResizeOp(kind, antialias, 3, 2), x(2, 2, 1, 1));
                resize(PLAIN, label + "-factor", new ResizeOp(kind, antialias, 7, 9, 1.3), x(1, 6, 7, 5));
            }
            model(EACH, kind + "-up", new ResizeOp(kind, false, 256, 256), x(1, 128, 128, 3));
            model(EACH, kind + "-down", new ResizeOp(kind, true, 224, 224), x(1, 512, 512, 3));
            model(EACH, kind + "-wide", new ResizeOp(kind, false, 64, 64), x(1, 32, 32, 320));
        }
        model(EACH, "unet-640", new ResizeOp(Kind.NEAREST, false, 64, 64), x(1, 32, 32, 640));
        model(EACH, "unet-640", new ResizeOp.Grad(Kind.NEAREST, false, 32, 32, 0), x(1, 64, 64, 640));

        for (PoolOp.Kind kind : PoolOp.Kind.values()) {
            pool(EACH, kind + "-2", new PoolOp(kind, 2, 2, 0), x(values(kind), 2, 6, 5, 13));
            pool(EACH, kind + "-3", new PoolOp(kind, 3, 2, 1), x(values(kind), 1, 7, 9, 19));
            pool(PLAIN, kind + "-overlap", new PoolOp(kind, 3, 1, 1), x(values(kind), 2, 3, 4, 16));
            pool(PLAIN, kind + "-tall", new PoolOp(kind, 5, 4, 2, 2), x(values(kind), 1, 21, 4, 9));
            pool(PLAIN, kind + "-global", new PoolOp(kind, 4, 5, 1, 0), x(values(kind), 2, 4, 5, 7));
            pool(PLAIN, kind + "-apart", new PoolOp(kind, 2, 3, 0), x(values(kind), 1, 8, 9, 3));
            pool(PLAIN, kind + "-one", new PoolOp(kind, 1, 1, 0), x(values(kind), 1, 1, 1, 1));
            model(EACH, kind + "-vgg-64", new PoolOp(kind, kind == PoolOp.Kind.L2 ? 3 : 2, 2, kind == PoolOp.Kind.L2 ? 1 : 0), x(1, 256, 256, 64));
        }
        model(PLAIN, "vgg-64", new PoolOp.Grad(new PoolOp(PoolOp.Kind.MAX, 2, 2, 0)), x(1, 256, 256, 64), x(1, 128, 128, 64));
    }

    private static Operand.Values values(PoolOp.Kind kind) { return kind == PoolOp.Kind.MAX ? DISTINCT : NORMAL; }

    private static void resize(List<Types> types, String label, ResizeOp op, Operand x) {
        parity(types, label, op, x);
        Shape s = x.shape();
        ResizeOp.Grad grad = new ResizeOp.Grad(op.kind(), op.antialias(), s.size(1), s.size(2), op.factor());
        parity(types, label, grad, x(s.size(0), op.height(), op.width(), s.size(3)));
    }

    private static void pool(List<Types> types, String label, PoolOp op, Operand x) {
        parity(types, label, op, x);
        Shape result = op.shape(new Case("", op, PLAIN.getFirst(), false, List.of(x)).outline());
        parity(types, label, new PoolOp.Grad(op), x, x(result.toArray()));
    }
}
