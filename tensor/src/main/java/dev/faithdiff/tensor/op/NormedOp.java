package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * A norm and what takes its result: x, the norm's weight and bias, and the operands of {@code then} behind its first.
 *
 * @param norm {@link LayerNormOp} or {@link GroupNormOp}
 * @param then what the norm's result is the first operand of
 */
public record NormedOp(Op norm, Op then) implements FusedOp {
    private static final int OF_NORM = 3;

    /** Runs it. @param in may have nulls for operands that are not there */
    public static Tensor run(Op norm, Op then, Tensor... in) {
        return Engine.run(new NormedOp(norm, then), Stream.of(in).filter(Objects::nonNull).toArray(Tensor[]::new));
    }

    /** The norm's operands. */
    public static Tensor[] ofNorm(Tensor[] in) { return Arrays.copyOf(in, OF_NORM); }

    /** The operands of {@code then}. @param first the norm's result, or what has its shape and type */
    public static Tensor[] ofThen(Tensor[] in, Tensor first) {
        Tensor[] rest = Arrays.copyOfRange(in, OF_NORM - 1, in.length);
        rest[0] = first;
        return rest;
    }

    @Override public Shape shape(Tensor[] in) {
        require(norm instanceof LayerNormOp || norm instanceof GroupNormOp, in, "takes a norm");
        require(in.length > OF_NORM, in, "takes the operands of " + norm.name() + " and " + then.name());
        norm.shape(ofNorm(in));
        return then.shape(ofThen(in, in[0]));
    }

    @Override public Tensor compose(Tensor[] in) {
        try (Scope s = Scope.open()) {
            return s.keep(Engine.run(then, ofThen(in, Engine.run(norm, ofNorm(in)))));
        }
    }

    @Override public long flops(Tensor[] in) { return norm.flops(ofNorm(in)) + then.flops(ofThen(in, in[0])); }
}
