package dev.faithdiff.kernels.cpu.emit;

import dev.faithdiff.kernels.cpu.emit.Assembler.Condition;
import dev.faithdiff.kernels.cpu.emit.Assembler.Label;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;

/**
 * Machine code of loops over vectors of floats, written in values instead of registers.
 *
 * <p>Each method adds one step to the routine. A step's result is a {@link Value}, which lives until its last use; {@link #routine} then gives each
 * value a register and writes the instructions. There is no memory to put values aside: more than there are registers (16 of 256 bits, less one, or
 * 32 of 512) is an error when the routine is written, which its first test sees. Constants live in memory and take no register.
 *
 * <p>Arguments are whole numbers and addresses, each in a general register that the routine may change.
 */
public final class VectorCode {
    /** A vector: the result of a step, or a constant. */
    public static final class Value {
        final Mem constant;
        final Steps.Loop loop;
        int last;
        boolean pinned;
        Simd register;

        Value(Mem constant, Steps.Loop loop) {
            this.constant = constant;
            this.loop = loop;
        }

        RegisterOrMemory operand() { return constant == null ? register : constant; }
    }

    private static final Gpr SCRATCH = Gpr.RAX;
    private static final int REST = 1, CHOICE = 2; // opmask registers: of the elements of a last vector, and of a comparison
    private static final int LESS = 1;

    /** Steps on ints, shorts and bytes. */
    public final IntSteps ints;
    /** Steps on doubles. */
    public final DoubleSteps doubles;
    /** Steps that bring elements to other places. */
    public final ShuffleSteps shuffles;
    private final Steps steps;
    private final Assembler a;
    private final int bits, lanes, bytes;
    private final Deque<Gpr> general = new ArrayDeque<>(List.of(Gpr.R10, Gpr.RBX, Gpr.RBP, Gpr.R14, Gpr.R15));

    /** @param bits of a vector: 256, which needs AVX2, or 512, which needs AVX-512 */
    public VectorCode(int bits) {
        steps = new Steps(bits);
        shuffles = new ShuffleSteps(steps);
        ints = new IntSteps(steps, shuffles);
        doubles = new DoubleSteps(steps);
        a = steps.a;
        this.bits = bits;
        lanes = steps.lanes;
        bytes = steps.bytes;
    }

    /** The register of an argument, 0 to 7. */
    public Gpr argument(int number) { return Steps.ARGUMENTS[number]; }

    /** The address of memory of the routine's own, aligned to 64 bytes; it may be asked for once. */
    public Gpr memory(int bytes) {
        steps.own = bytes;
        return Gpr.RSP;
    }

    /** Bytes of a vector. */
    public int bytes() { return bytes; }

    // Whole numbers

    /** to += bytes. */
    public void advance(Gpr to, int bytes) { step(() -> a.add(to, bytes)); }

    /** to += by. */
    public void advance(Gpr to, Gpr by) { step(() -> a.add(to, by)); }

    /** to -= by. */
    public void retreat(Gpr to, Gpr by) { step(() -> a.sub(to, by)); }

    /** to = from. */
    public void set(Gpr to, Gpr from) { step(() -> a.mov(to, from)); }

    /** to = the number of 64 bits in memory. */
    public void set(Gpr to, Gpr address, int offset) { step(() -> a.mov(to, Mem.at(address, offset))); }

    /** A register of its own with the number in another. */
    public Gpr copy(Gpr from) {
        Gpr to = take();
        step(() -> a.mov(to, from));
        return to;
    }

    /** to = times its value. */
    public void multiply(Gpr to, int times) {
        step(() -> {
            a.mov(SCRATCH, to);
            for (int i = 1; i < times; i++) a.add(to, SCRATCH);
        });
    }

    private Gpr take() {
        if (general.isEmpty()) throw new IllegalStateException("more numbers than general registers");
        return general.pop();
    }

    /** Lets a register be used again: one of {@link #copy}, or of an argument that is needed no more. */
    public void release(Gpr register) { general.push(register); }

    // Loops

    /** Does the steps of {@code body} as often as {@code times} says, which may be zero or less. */
    public void repeat(Gpr times, Runnable body) {
        Gpr left = copy(times);
        useUp(left, body);
        release(left);
    }

    /** The same, counting {@code left} itself down to zero. */
    public void useUp(Gpr left, Runnable body) {
        Label end = a.label();
        step(() -> {
            a.test(left, left);
            a.jump(Condition.NOT_GREATER, end);
        });
        loop(body, () -> a.sub(left, 1), Condition.GREATER);
        step(() -> a.bind(end));
    }

    /**
     * Does the steps of {@code body} for each vector of {@code count} floats. The body gets the vector's byte offset. For the elements that do not
     * fill a vector it is written again: then it loads zeros for the missing ones and does not store them.
     */
    public void each(Gpr count, Consumer<Gpr> body) {
        Gpr at = vectors(count, body), some = take(); // the rest begins where whole vectors ended
        Label done = a.label();
        step(() -> {
            a.mov(some, count);
            a.and(some, lanes - 1);
            a.jump(Condition.EQUAL, done);
            a.mov(SCRATCH, lanes);
            a.sub(SCRATCH, some);
        });
        steps.rest = steps.value(List.of(), to -> {
            a.vmovups(to, Mem.at(Steps.POOL, SCRATCH, 4, 0));
            if (bits == 512) a.vpmovd2m(REST, to);
        });
        body.accept(at);
        steps.rest = null;
        step(() -> a.bind(done));
        release(some);
        release(at);
    }

    /** The same for whole vectors only: elements that do not fill one are left out. Returns the register with the byte offset of their end. */
    private Gpr vectors(Gpr count, Consumer<Gpr> body) {
        Gpr at = take(), end = take();
        Label none = a.label();
        step(() -> {
            a.mov(end, count);
            a.and(end, -lanes);
            a.shl(end, 2);
            a.mov(at, 0);
            a.test(end, end);
            a.jump(Condition.NOT_GREATER, none);
        });
        loop(() -> body.accept(at), () -> {
            a.add(at, bytes);
            a.cmp(at, end);
        }, Condition.LESS);
        step(() -> a.bind(none));
        release(end);
        return at;
    }

    /** Does the steps of {@code body} for each vector of {@code count} floats, a whole number of vectors. The body gets the vector's byte offset. */
    public void eachWhole(Gpr count, Consumer<Gpr> body) { release(vectors(count, body)); }

    private void loop(Runnable body, Runnable advance, Condition again) {
        Label[] start = new Label[1];
        step(() -> start[0] = a.here());
        steps.loop(body, () -> {
            advance.run();
            a.jump(again, start[0]);
        });
    }

    // Memory

    /** A constant in every element. */
    public Value constant(float value) { return bits(Float.floatToRawIntBits(value)); }

    /** 32 bits in every element. */
    public Value bits(int value) { return steps.constant(value); }

    /** The vector at an address. */
    public Value load(Gpr address, int offset) { return load(Mem.at(address, offset)); }

    /** The vector at a byte offset from an address. */
    public Value load(Gpr address, Gpr offset) { return load(Mem.at(address, offset, 1, 0)); }

    /** The vector at a byte offset from the address that lies in memory. */
    public Value loadThrough(Gpr table, int offset, Gpr at) {
        step(() -> a.mov(SCRATCH, Mem.at(table, offset)));
        return load(Mem.at(SCRATCH, at, 1, 0));
    }

    private Value load(Mem from) {
        Value mask = steps.rest;
        if (mask == null) return value(List.of(), to -> a.vmovups(to, from));
        return value(List.of(mask), to -> {
            if (bits == 512) a.vmovups(to.zeroed(REST), from);
            else a.vmaskmovps(to, mask.register, from);
        });
    }

    /** The float at an address, in every element. */
    public Value spread(Gpr address, int offset) { return value(List.of(), to -> a.vbroadcastss(to, Mem.at(address, offset))); }

    /** The float whose bits are the lower 32 of a register, in every element. */
    public Value spread(Gpr number) {
        return value(List.of(), to -> {
            a.vmovd(to, number);
            a.vbroadcastss(to, Simd.xmm(to.number()));
        });
    }

    /** A vector of F16 at an address, as floats. */
    public Value loadF16(Gpr address, int offset) { return steps.widened("F16", Mem.at(address, offset), a::vcvtph2ps); }

    /** A vector of BF16 at an address, as floats. */
    public Value loadBf16(Gpr address, int offset) { return ints.shiftLeft(steps.widened("BF16", Mem.at(address, offset), a::vpmovzxwd), 16); }

    /** Brings a line of memory at an offset from an address into the caches, if there is such memory. */
    public void prefetch(Gpr address, Gpr offset, int more) { step(() -> a.prefetch(Mem.at(address, offset, 1, more))); }

    /** Copies 32 bits from one address to another. */
    public void copyInt(Gpr from, Gpr to) {
        step(() -> {
            a.movInt(SCRATCH, Mem.at(from, 0));
            a.movInt(Mem.at(to, 0), SCRATCH);
        });
    }

    public void store(Value v, Gpr address, int offset) { store(v, Mem.at(address, offset)); }

    public void store(Value v, Gpr address, Gpr offset) { store(v, Mem.at(address, offset, 1, 0)); }

    /** Stores at a byte offset from the address that lies in memory. */
    public void storeThrough(Value v, Gpr table, int offset, Gpr at) {
        step(() -> a.mov(SCRATCH, Mem.at(table, offset)));
        store(v, Mem.at(SCRATCH, at, 1, 0));
    }

    /** Stores floats rounded to BF16, in half a vector, at a byte offset from the address that lies in memory. Needs AVX512-BF16. */
    public void storeBf16Through(Value value, Gpr table, int offset, Gpr at) {
        steps.requireWhole("BF16 is stored");
        Value v = register(value), half = value(List.of(v), to -> a.vcvtneps2bf16(to, v.register, bits));
        step(() -> a.mov(SCRATCH, Mem.at(table, offset)));
        steps.step(List.of(half), () -> a.vmovups(Mem.at(SCRATCH, at, 1, 0), new Simd(half.register.number(), bits / 2, 0, false)));
    }

    private void store(Value value, Mem to) {
        Value mask = steps.rest, v = register(value);
        steps.step(mask == null ? List.of(v) : List.of(v, mask), () -> {
            if (mask == null) a.vmovups(to, v.register);
            else if (bits == 512) a.vmovups(to, REST, v.register);
            else a.vmaskmovps(to, mask.register, v.register);
        });
    }

    /** Stores the first element alone. */
    public void storeFirst(Value value, Gpr address, int offset) {
        Value v = register(value);
        steps.step(List.of(v), () -> a.vmovss(Mem.at(address, offset), v.register));
    }

    // Arithmetic

    /** A value that {@link #set} changes; it keeps its register for good. */
    public Value variable(Value start) {
        Value v = value(List.of(start), to -> a.vmovups(to, start.operand()));
        v.pinned = true;
        return v;
    }

    /** Changes a variable. */
    public void set(Value variable, Value to) {
        steps.step(List.of(variable, to), () -> a.vmovups(variable.register, to.operand()));
    }

    public Value add(Value x, Value y) { return steps.either(a::vaddps, x, y); }

    public Value sub(Value x, Value y) { return steps.of(a::vsubps, x, y); }

    public Value mul(Value x, Value y) { return steps.either(a::vmulps, x, y); }

    public Value div(Value x, Value y) { return steps.of(a::vdivps, x, y); }

    public Value sqrt(Value x) { return steps.of(a::vsqrtps, x); }

    /** {@code x < y ? x : y}, and y where one is no number. */
    public Value min(Value x, Value y) { return steps.of(a::vminps, x, y); }

    /** x > y ? x : y, and y where one is no number. */
    public Value max(Value x, Value y) { return steps.of(a::vmaxps, x, y); }

    public Value and(Value x, Value y) { return steps.either(a::vandps, x, y); }

    public Value or(Value x, Value y) { return steps.either(a::vorps, x, y); }

    public Value xor(Value x, Value y) { return steps.either(a::vxorps, x, y); }

    /** x y + z, rounded once. */
    public Value fma(Value x, Value y, Value z) {
        if (x.constant != null) return y.constant == null ? fma(y, x, z) : fma(register(x), y, z);
        Value sum = y.constant != null ? register(z) : z;
        return value(List.of(x, y, sum), to -> {
            if (to.equals(sum.register)) a.vfmadd231ps(to, x.register, y.operand());
            else if (to.equals(x.register) && y.constant == null) a.vfmadd213ps(to, y.register, sum.operand());
            else if (to.equals(x.register)) a.vfmadd132ps(to, sum.register, y.operand());
            else if (to.equals(y.register)) a.vfmadd213ps(to, x.register, sum.operand());
            else {
                a.vmovups(to, sum.operand());
                a.vfmadd231ps(to, x.register, y.operand());
            }
        });
    }

    /** {@code x < y ? yes : no}, and no where x or y is no number. */
    public Value less(Value x, Value y, Value yes, Value no) {
        Value first = register(x), other = register(no);
        return value(List.of(first, y, yes, other), to -> {
            if (bits == 512) {
                a.vcmpps(CHOICE, first.register, y.operand(), LESS);
                a.vblendmps(to.masked(CHOICE), other.register, yes.operand());
            } else {
                Simd answer = Simd.ymm(15);
                a.vcmpps(answer, first.register, y.operand(), LESS);
                a.vblendvps(to, other.register, yes.operand(), answer);
            }
        });
    }

    /** The first element, in every element. */
    public Value first(Value x) {
        Value v = register(x);
        return value(List.of(v), to -> a.vbroadcastss(to, Simd.xmm(v.register.number())));
    }

    /** The sum of all elements of one vector or two, in every element; by halves, as {@link dev.faithdiff.kernels.cpu.Vec#sumSide}. */
    public Value sum(Value... x) { return shuffles.across(x.length == 1 ? x[0] : add(x[0], x[1]), this::add); }

    /** The greatest of all elements, in every element. */
    public Value greatest(Value x) { return shuffles.across(x, this::max); }

    /** A value that is in a register, which a constant is not; outside of a loop this loads it once. */
    public Value register(Value v) { return steps.register(v); }

    private void step(Runnable writer) { steps.step(writer); }

    private Value value(List<Value> uses, Steps.Writer writer) { return steps.value(uses, writer); }

    /** Writes the routine. @param name for logs and profilers */
    public Routine routine(String name) { return steps.routine(name); }
}
