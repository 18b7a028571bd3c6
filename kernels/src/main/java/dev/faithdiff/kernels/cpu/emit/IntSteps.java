package dev.faithdiff.kernels.cpu.emit;

import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** The steps of {@link VectorCode} on vectors of ints, shorts and bytes. What says nothing else is on ints, signed ones of 32 bits. */
public final class IntSteps {
    private final Steps steps;
    private final ShuffleSteps shuffles;
    private final Assembler a;

    IntSteps(Steps steps, ShuffleSteps shuffles) {
        this.steps = steps;
        this.shuffles = shuffles;
        a = steps.a;
    }

    public Value add(Value x, Value y) { return steps.either(a::vpaddd, x, y); }

    public Value sub(Value x, Value y) { return steps.of(a::vpsubd, x, y); }

    /** The greater of two. */
    public Value max(Value x, Value y) { return steps.either(a::vpmaxsd, x, y); }

    public Value shiftLeft(Value x, int bits) { return steps.value(List.of(x), to -> a.vpslld(to, x.register, bits)); }

    /** Numbers keep their sign. */
    public Value shiftRight(Value x, int bits) { return steps.value(List.of(x), to -> a.vpsrad(to, x.register, bits)); }

    /** The sum of all elements, in every element. */
    public Value sum(Value x) { return shuffles.across(x, this::add); }

    /** The greatest of all elements, in every element. */
    public Value greatest(Value x) { return shuffles.across(x, this::max); }

    /** Rounded to floats. */
    public Value toFloats(Value x) { return steps.of(a::vcvtdq2ps, x); }

    // Bytes and shorts

    /** As many signed bytes as a vector has ints, at an address, as ints. */
    public Value loadBytes(Gpr address, int offset) { return steps.widened("bytes", Mem.at(address, offset), a::vpmovsxbd); }

    /** The ints of four vectors as signed bytes, the nearest that there are. @param order the vector at {@link #byteOrder} */
    public Value toBytes(Value[] x, Value order) {
        return shuffles.pick(order, steps.of(a::vpacksswb, steps.of(a::vpackssdw, x[0], x[1]), steps.of(a::vpackssdw, x[2], x[3])));
    }

    /** What {@link #toBytes} needs beside ints, in memory that stays. */
    public MemorySegment byteOrder() {
        int lanes = steps.lanes;
        MemorySegment order = Arena.global().allocate(steps.bytes, 64);
        for (int i = 0; i < lanes; i++) order.setAtIndex(ValueLayout.JAVA_INT, i, i % (lanes / 4) * 4 + i / (lanes / 4));
        return order;
    }

    /**
     * The four products of unsigned bytes of x with signed ones of y in each 32 bits, added to ints. Needs {@link CpuFeature#AVX_VNNI} or, else,
     * {@link CpuFeature#AVX512_VNNI}.
     *
     * @param sum a value that is used here alone
     */
    public Value dotBytes(Value sum, Value x, Value y) {
        Value from = steps.register(x);
        return steps.value(List.of(from, y, sum), to -> {
            if (!to.equals(sum.register)) throw new IllegalStateException("a sum of bytes is used again");
            if (steps.bits == 256 && CpuFeature.AVX_VNNI.isHere()) a.vpdpbusdVex(to, from.register, y.operand());
            else a.vpdpbusd(to, from.register, y.operand());
        });
    }

    /** Products of unsigned bytes of x with signed ones of y, each two neighbours added, as shorts; the nearest that there are. */
    public Value mulBytes(Value x, Value y) { return steps.of(a::vpmaddubsw, x, y); }

    /** Products of shorts, each two neighbours added, as ints. */
    public Value mulShorts(Value x, Value y) { return steps.either(a::vpmaddwd, x, y); }

    public Value addShorts(Value x, Value y) { return steps.either(a::vpaddw, x, y); }

    /** Magnitudes of signed bytes, unsigned. */
    public Value absBytes(Value x) { return steps.of(a::vpabsb, x); }

    /** Bytes times the signs of others; in vectors of 256 bits only. */
    public Value signBytes(Value x, Value by) { return steps.of(a::vpsignb, x, by); }
}
