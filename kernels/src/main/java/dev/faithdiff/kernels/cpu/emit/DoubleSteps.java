package dev.faithdiff.kernels.cpu.emit;

import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;
import java.util.List;

/** The steps of {@link VectorCode} on doubles, of which a vector has half as many as floats. */
public final class DoubleSteps {
    private final Steps steps;
    private final Assembler a;

    DoubleSteps(Steps steps) {
        this.steps = steps;
        a = steps.a;
    }

    /** Half a vector of floats at an address, as doubles. */
    public Value load(Gpr address, int offset) { return load(Mem.at(address, offset)); }

    /** Half a vector of floats at a byte offset from an address, as doubles. */
    public Value load(Gpr address, Gpr offset) { return load(Mem.at(address, offset, 1, 0)); }

    private Value load(Mem from) { return steps.widened("doubles", from, a::vcvtps2pd); }

    /** Stores doubles as half a vector of floats. */
    public void store(Value value, Gpr address, int offset) {
        steps.requireWhole("doubles are stored");
        Value v = toFloats(value);
        steps.step(List.of(v), () -> a.vmovups(Mem.at(address, offset), new Simd(v.register.number(), steps.bits / 2, 0, false)));
    }

    /** The double whose bits a register has, in every element. */
    public Value spread(Gpr number) {
        return steps.value(List.of(), to -> {
            a.vmovq(to, number);
            a.vbroadcastsd(to, Simd.xmm(to.number()));
        });
    }

    /** The lower half of a vector of floats, as doubles. */
    public Value of(Value floats) { return steps.of(a::vcvtps2pd, floats); }

    /** Rounded to floats, in the lower half of a vector. */
    public Value toFloats(Value x) {
        Value v = steps.register(x);
        return steps.value(List.of(v), to -> a.vcvtpd2ps(to, v.register));
    }

    public Value add(Value x, Value y) { return steps.of(a::vaddpd, x, y); }

    public Value mul(Value x, Value y) { return steps.of(a::vmulpd, x, y); }

    public Value div(Value x, Value y) { return steps.of(a::vdivpd, x, y); }

    public Value sqrt(Value x) { return steps.of(a::vsqrtpd, x); }
}
