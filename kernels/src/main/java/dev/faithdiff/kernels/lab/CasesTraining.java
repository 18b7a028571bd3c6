package dev.faithdiff.kernels.lab;

import static dev.faithdiff.kernels.lab.Cases.PLAIN;
import static dev.faithdiff.kernels.lab.Cases.model;
import static dev.faithdiff.kernels.lab.Cases.parity;
import static dev.faithdiff.kernels.lab.Operand.x;
import static dev.faithdiff.kernels.lab.Operand.Values.POSITIVE;

import dev.faithdiff.tensor.op.AdamWOp;

/** Updates of parameters. */
final class CasesTraining {
    private CasesTraining() {}

    static void add() {
        AdamWOp first = new AdamWOp(1e-2, 0.9, 0.999, 1e-8, 0.01, 1), late = new AdamWOp(5e-5, 0.9, 0.999, 1e-8, 0.01, 40000);
        AdamWOp bare = new AdamWOp(1, 0.5, 0.75, 0.5, 0, 3);
        AdamWOp.Moments moments = new AdamWOp.Moments(0.9, 0.999, 1), scaled = new AdamWOp.Moments(0.5, 0.75, -0.125);
        for (AdamWOp op : new AdamWOp[] {first, late, bare}) {
            parity(PLAIN, "step-" + op.step() + "-prime", op, x(3, 13), x(POSITIVE, 2, 39));
            parity(PLAIN, "step-" + op.step() + "-full", op, x(4, 4, 3, 16), x(POSITIVE, 2, 768));
            parity(PLAIN, "step-" + op.step() + "-one", op, x(1), x(POSITIVE, 2, 1));
        }
        for (AdamWOp.Moments op : new AdamWOp.Moments[] {moments, scaled}) {
            String scale = "scale-" + op.scale();
            parity(PLAIN, scale + "-prime", op, x(POSITIVE, 2, 39), x(3, 13));
            parity(PLAIN, scale + "-full", op, x(POSITIVE, 2, 768), x(4, 4, 3, 16));
            parity(PLAIN, scale + "-one", op, x(POSITIVE, 2, 1), x(1));
        }
        model(PLAIN, "unet-1280", late, x(1280, 1280), x(POSITIVE, 2, 1280 * 1280));
        model(PLAIN, "unet-1280", moments, x(POSITIVE, 2, 1280 * 1280), x(1280, 1280));
    }
}
