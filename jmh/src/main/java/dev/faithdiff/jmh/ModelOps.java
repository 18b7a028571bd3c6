package dev.faithdiff.jmh;

import dev.faithdiff.kernels.lab.Case;
import dev.faithdiff.kernels.lab.Operand;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Engine;
import dev.faithdiff.tensor.op.Op;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The distinct ops of a model of full size as cases, found on a {@link PaperBackend}: what a GPU is to be timed on. */
final class ModelOps {
    private ModelOps() {}

    /** Those of floating types, most often run first, with their runs: {@code LinearOp/240x [2, 1024, 1280] [1280, 1280]:F16}. */
    static List<Case> of(String model, DType dtype) {
        Map<Case, Integer> counts = new LinkedHashMap<>();
        try (Workload work = Models.FULL.get(model).apply(new BenchTarget(new PaperBackend().open(0), dtype, 2))) {
            work.run();
            Engine.observed((op, in, out, kernel, nanos) -> {
                Case c = asCase(op, in);
                if (c != null) counts.merge(c, 1, Integer::sum);
            }, work::run);
        }
        return counts.entrySet().stream().sorted(Map.Entry.<Case, Integer>comparingByValue().reversed()).map(e -> {
            Case c = e.getKey();
            return new Case(e.getValue() + "x " + c.label(), c.op(), c.types(), true, c.operands());
        }).toList();
    }

    /** Null of integer operands, and where more than two types meet. */
    private static Case asCase(Op op, Tensor[] in) {
        List<Operand> operands = new ArrayList<>();
        StringBuilder label = new StringBuilder();
        DType activation = in[0].dtype(), weight = activation;
        for (Tensor t : in) {
            if (t.dtype() != activation && weight != activation && t.dtype() != weight || !t.dtype().isFloating()) return null;
            if (t.dtype() != activation) weight = t.dtype();
            Operand.Role role = t.dtype() == activation ? Operand.Role.ACTIVATION : Operand.Role.WEIGHT;
            operands.add(new Operand(role, Operand.Values.NORMAL, 0, t.shape()));
            label.append(label.isEmpty() ? "" : " ").append(t.shape());
        }
        String attributes = op.toString().replaceFirst("^[^\\[]*\\[(.*)\\]$", "$1").replace(",", "");
        return new Case(label + (attributes.isEmpty() ? "" : " {" + attributes + "}"), op, new Case.Types(activation, weight), true, operands);
    }
}
