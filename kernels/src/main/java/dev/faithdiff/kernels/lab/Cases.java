package dev.faithdiff.kernels.lab;

import static dev.faithdiff.tensor.DType.BF16;
import static dev.faithdiff.tensor.DType.F16;
import static dev.faithdiff.tensor.DType.F32;
import static dev.faithdiff.tensor.DType.F8_E4M3;
import static dev.faithdiff.tensor.DType.I8;
import static dev.faithdiff.tensor.DType.U8;

import dev.faithdiff.kernels.lab.Case.Types;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.op.Op;
import java.util.ArrayList;
import java.util.List;

/** The one list of cases, by op: inputs for parity, gradients and speed. */
public final class Cases {
    // To add a case, write one line in the group of its op (the files Cases*.java):
    //     parity(TYPES, "label", op, operands...)    small, for parity and gradients: primes, ones, full and ragged vectors
    //     model(TYPES, "label", op, operands...)     a real model's shape, for speed
    // x(sizes) is an activation, w(sizes) a weight, index(rows, sizes) indices; TYPES are the element types that the line runs in.
    private static final List<Case> ALL = new ArrayList<>();

    /** F32 only. */
    static final List<Types> PLAIN = types(F32, F32);
    /** F32 with each type in which a weight may be stored. */
    static final List<Types> STORED = types(F32, F32, F32, F16, F32, BF16, F32, F8_E4M3);
    /** F32 with weights of signed bytes. */
    static final List<Types> QUANTIZED = types(F32, I8);
    /** F32 with weights of 8 bits in groups. */
    static final List<Types> GROUPED8 = types(F32, I8);
    /** F32 with weights of 4 bits in groups. */
    static final List<Types> GROUPED4 = types(F32, U8);
    /** F32 with each narrower type of weight. */
    static final List<Types> NARROWER = types(F32, F16, F32, BF16, F32, F8_E4M3);
    /** Each type of activation, with weights of the same type. */
    static final List<Types> EACH = types(F32, F32, F16, F16, BF16, BF16);
    /** All combinations that the engine computes in. */
    static final List<Types> MIXED = types(F32, F32, F32, F16, F32, BF16, F32, F8_E4M3, F16, F16, F16, F8_E4M3, BF16, BF16, BF16, F8_E4M3);
    /** The combinations of inference: F32 with weights as stored on the CPU, F16 and BF16 on the GPU. */
    static final List<Types> INFERENCE = types(F32, F32, F32, F16, F16, F16, BF16, BF16);

    static {
        CasesElementwise.add();
        CasesHeavy.add();
        CasesFused.add();
        CasesNormsMoves.add();
        CasesImages.add();
        CasesTraining.add();
    }

    private Cases() {}

    /** Every case of every op. */
    public static List<Case> all() { return List.copyOf(ALL); }

    /** The classes of all ops, in the order of their cases. */
    public static List<Class<? extends Op>> ops() { return ALL.stream().<Class<? extends Op>>map(c -> c.op().getClass()).distinct().toList(); }

    /** The small cases of an op's class. */
    public static List<Case> parity(Class<?> op) { return ALL.stream().filter(c -> !c.model() && c.op().getClass() == op).toList(); }

    /** The real models' shapes of an op's class. */
    public static List<Case> model(Class<?> op) { return ALL.stream().filter(c -> c.model() && c.op().getClass() == op).toList(); }

    static void parity(List<Types> types, String label, Op op, Operand... operands) { add(types, label, op, false, operands); }

    static void model(List<Types> types, String label, Op op, Operand... operands) { add(types, label, op, true, operands); }

    private static void add(List<Types> types, String label, Op op, boolean model, Operand... operands) {
        for (Types t : types) ALL.add(new Case(label, op, t, model, List.of(operands)));
    }

    private static List<Types> types(DType... pairs) {
        List<Types> all = new ArrayList<>();
        for (int i = 0; i < pairs.length; i += 2) all.add(new Types(pairs[i], pairs[i + 1]));
        return List.copyOf(all);
    }
}
