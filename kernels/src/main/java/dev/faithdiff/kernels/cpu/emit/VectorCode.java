package dev.faithdiff.kernels.cpu.emit;

import dev.faithdiff.kernels.cpu.emit.Assembler.Condition;
import dev.faithdiff.kernels.cpu.emit.Assembler.Label;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
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
        private final Mem constant;
        private final Loop loop;
        private int last;
        private boolean pinned;
        private Simd register;

        private Value(Mem constant, Loop loop) {
            this.constant = constant;
            this.loop = loop;
        }

        private RegisterOrMemory operand() { return constant == null ? register : constant; }
    }

    /** Writes the instructions of a step whose operands have registers. */
    private interface Writer {
        void write(Simd to);
    }

    private record Step(Value result, List<Value> uses, Writer writer) {}

    /** A loop that is being written, and the values from outside that it uses: they live to its end. */
    private record Loop(Loop outer, List<Value> uses) {}

    private static final Gpr[] ARGUMENTS = {Gpr.RDI, Gpr.RSI, Gpr.RDX, Gpr.RCX, Gpr.R8, Gpr.R9, Gpr.R12, Gpr.R13};
    private static final Gpr[] KEPT = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};
    private static final Gpr POOL = Gpr.R11, SCRATCH = Gpr.RAX;
    private static final int REST = 1, CHOICE = 2; // opmask registers: of the elements of a last vector, and of a comparison
    private static final int LESS = 1;

    private final int bits, lanes, bytes;
    private final Assembler a = new Assembler();
    private final List<Step> steps = new ArrayList<>();
    private final Map<Integer, Mem> constants = new LinkedHashMap<>();
    private final Deque<Gpr> general = new ArrayDeque<>(List.of(Gpr.R10, Gpr.RBX, Gpr.RBP, Gpr.R14, Gpr.R15));
    private final TreeSet<Integer> free = new TreeSet<>();
    private Loop loop = new Loop(null, new ArrayList<>());
    private int own; // bytes of memory on the stack
    private Value rest; // the mask of the elements of a last vector, while its steps are written

    /** @param bits of a vector: 256, which needs AVX2, or 512, which needs AVX-512 */
    public VectorCode(int bits) {
        this.bits = bits;
        lanes = bits / 32;
        bytes = bits / 8;
        for (int i = 0; i < (bits == 512 ? 32 : 15); i++) free.add(i); // the last of 16 is where comparisons put their answers
    }

    /** The register of an argument, 0 to 7. */
    public Gpr argument(int number) { return ARGUMENTS[number]; }

    /** The address of memory of the routine's own, aligned to 64 bytes; it may be asked for once. */
    public Gpr memory(int bytes) {
        own = bytes;
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
        Value mask = new Value(null, loop);
        step(() -> {
            a.mov(some, count);
            a.and(some, lanes - 1);
            a.jump(Condition.EQUAL, done);
            a.mov(SCRATCH, lanes);
            a.sub(SCRATCH, some);
        });
        add(mask, List.of(), to -> {
            a.vmovups(to, Mem.at(POOL, SCRATCH, 4, 0));
            if (bits == 512) a.vpmovd2m(REST, to);
        });
        rest = mask;
        body.accept(at);
        rest = null;
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
        loop = new Loop(loop, new ArrayList<>());
        body.run();
        List<Value> uses = loop.uses;
        loop = loop.outer;
        add(null, uses, _ -> {
            advance.run();
            a.jump(again, start[0]);
        });
    }

    // Memory

    /** A constant in every element. */
    public Value constant(float value) { return bits(Float.floatToRawIntBits(value)); }

    /** 32 bits in every element. */
    public Value bits(int value) {
        Mem at = constants.computeIfAbsent(value, _ -> Mem.at(POOL, 64 * (constants.size() + 2)));
        return new Value(at, null);
    }

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
        Value mask = rest;
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
    public Value loadF16(Gpr address, int offset) { return narrow(Mem.at(address, offset), a::vcvtph2ps); }

    /** A vector of BF16 at an address, as floats. */
    public Value loadBf16(Gpr address, int offset) { return shiftLeft(narrow(Mem.at(address, offset), a::vpmovzxwd), 16); }

    /** As many signed bytes as a vector has ints, at an address, as ints. */
    public Value loadBytes(Gpr address, int offset) { return narrow(Mem.at(address, offset), a::vpmovsxbd); }

    private interface Widen {
        void write(Simd to, RegisterOrMemory from);
    }

    private Value narrow(Mem from, Widen widen) {
        if (rest != null) throw new IllegalStateException("narrow numbers are loaded as whole vectors only");
        return value(List.of(), to -> widen.write(to, from));
    }

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
        if (rest != null) throw new IllegalStateException("narrow numbers are stored as whole vectors only");
        Value v = register(value), half = value(List.of(v), to -> a.vcvtneps2bf16(to, v.register, bits));
        step(() -> a.mov(SCRATCH, Mem.at(table, offset)));
        add(null, List.of(half), _ -> a.vmovups(Mem.at(SCRATCH, at, 1, 0), new Simd(half.register.number(), bits / 2, 0, false)));
    }

    private void store(Value value, Mem to) {
        Value mask = rest, v = register(value);
        add(null, mask == null ? List.of(v) : List.of(v, mask), _ -> {
            if (mask == null) a.vmovups(to, v.register);
            else if (bits == 512) a.vmovups(to, REST, v.register);
            else a.vmaskmovps(to, mask.register, v.register);
        });
    }

    /** Stores the first element alone. */
    public void storeFirst(Value value, Gpr address, int offset) {
        Value v = register(value);
        add(null, List.of(v), _ -> a.vmovss(Mem.at(address, offset), v.register));
    }

    // Doubles, of which a vector has half as many

    /** Half a vector of floats at an address, as doubles. */
    public Value loadDoubles(Gpr address, int offset) { return loadDoubles(Mem.at(address, offset)); }

    /** Half a vector of floats at a byte offset from an address, as doubles. */
    public Value loadDoubles(Gpr address, Gpr offset) { return loadDoubles(Mem.at(address, offset, 1, 0)); }

    private Value loadDoubles(Mem from) {
        if (rest != null) throw new IllegalStateException("doubles are loaded as whole vectors only");
        return value(List.of(), to -> a.vcvtps2pd(to, from));
    }

    /** Stores doubles as half a vector of floats. */
    public void storeDoubles(Value value, Gpr address, int offset) {
        if (rest != null) throw new IllegalStateException("doubles are stored as whole vectors only");
        Value v = floats(value);
        add(null, List.of(v), _ -> a.vmovups(Mem.at(address, offset), new Simd(v.register.number(), bits / 2, 0, false)));
    }

    /** The double whose bits a register has, in every element. */
    public Value spreadDouble(Gpr number) {
        return value(List.of(), to -> {
            a.vmovq(to, number);
            a.vbroadcastsd(to, Simd.xmm(to.number()));
        });
    }

    /** The lower half of a vector of floats, as doubles. */
    public Value doubles(Value x) { return value(List.of(x), to -> a.vcvtps2pd(to, x.operand())); }

    /** Doubles rounded to floats, in the lower half of a vector. */
    public Value floats(Value x) {
        Value v = register(x);
        return value(List.of(v), to -> a.vcvtpd2ps(to, v.register));
    }

    public Value addDoubles(Value x, Value y) { return of(a::vaddpd, x, y); }

    public Value mulDoubles(Value x, Value y) { return of(a::vmulpd, x, y); }

    public Value divDoubles(Value x, Value y) { return of(a::vdivpd, x, y); }

    public Value sqrtDoubles(Value x) { return value(List.of(x), to -> a.vsqrtpd(to, x.operand())); }

    // Arithmetic

    /** A value that {@link #set} changes; it keeps its register for good. */
    public Value variable(Value start) {
        Value v = value(List.of(start), to -> a.vmovups(to, start.operand()));
        v.pinned = true;
        return v;
    }

    /** Changes a variable. */
    public void set(Value variable, Value to) {
        add(null, List.of(variable, to), _ -> a.vmovups(variable.register, to.operand()));
    }

    private interface Three {
        void write(Simd to, Simd x, RegisterOrMemory y);
    }

    private Value of(Three instruction, Value x, Value y) {
        Value first = register(x);
        return value(List.of(first, y), to -> instruction.write(to, first.register, y.operand()));
    }

    private Value either(Three instruction, Value x, Value y) { return x.constant == null ? of(instruction, x, y) : of(instruction, y, x); }

    public Value add(Value x, Value y) { return either(a::vaddps, x, y); }

    public Value sub(Value x, Value y) { return of(a::vsubps, x, y); }

    public Value mul(Value x, Value y) { return either(a::vmulps, x, y); }

    public Value div(Value x, Value y) { return of(a::vdivps, x, y); }

    public Value sqrt(Value x) { return value(List.of(x), to -> a.vsqrtps(to, x.operand())); }

    /** {@code x < y ? x : y}, and y where one is no number. */
    public Value min(Value x, Value y) { return of(a::vminps, x, y); }

    /** x > y ? x : y, and y where one is no number. */
    public Value max(Value x, Value y) { return of(a::vmaxps, x, y); }

    public Value and(Value x, Value y) { return either(a::vandps, x, y); }

    public Value or(Value x, Value y) { return either(a::vorps, x, y); }

    public Value xor(Value x, Value y) { return either(a::vxorps, x, y); }

    /** The sum of ints. */
    public Value addInts(Value x, Value y) { return either(a::vpaddd, x, y); }

    /** The difference of ints. */
    public Value subInts(Value x, Value y) { return of(a::vpsubd, x, y); }

    /** The greater of two ints. */
    public Value maxInts(Value x, Value y) { return either(a::vpmaxsd, x, y); }

    /** Ints rounded to floats. */
    public Value toFloats(Value x) { return value(List.of(x), to -> a.vcvtdq2ps(to, x.operand())); }

    /** The ints of four vectors as signed bytes, the nearest that there are. @param order the vector at {@link #byteOrder} */
    public Value toBytes(Value[] x, Value order) {
        Value bytes = of(a::vpacksswb, of(a::vpackssdw, x[0], x[1]), of(a::vpackssdw, x[2], x[3]));
        return value(List.of(order, bytes), to -> a.vpermd(to, order.register, bytes.register));
    }

    /** Products of unsigned bytes of x with signed ones of y, each two neighbours added, as shorts; the nearest that there are. */
    public Value mulBytes(Value x, Value y) { return of(a::vpmaddubsw, x, y); }

    /** Products of shorts, each two neighbours added, as ints. */
    public Value mulShorts(Value x, Value y) { return either(a::vpmaddwd, x, y); }

    /** The sum of shorts. */
    public Value addShorts(Value x, Value y) { return either(a::vpaddw, x, y); }

    /** Magnitudes of signed bytes, unsigned. */
    public Value absBytes(Value x) { return value(List.of(x), to -> a.vpabsb(to, x.operand())); }

    /** Bytes times the signs of others; in vectors of 256 bits only. */
    public Value signBytes(Value x, Value by) { return of(a::vpsignb, x, by); }

    /**
     * The four products of unsigned bytes of x with signed ones of y in each 32 bits, added to ints. Needs {@link CpuFeature#AVX_VNNI} or, else,
     * {@link CpuFeature#AVX512_VNNI}.
     *
     * @param sum a value that is used here alone
     */
    public Value dotBytes(Value sum, Value x, Value y) {
        Value from = register(x);
        return value(List.of(from, y, sum), to -> {
            if (!to.equals(sum.register)) throw new IllegalStateException("a sum of bytes is used again");
            if (bits == 256 && CpuFeature.AVX_VNNI.isHere()) a.vpdpbusdVex(to, from.register, y.operand());
            else a.vpdpbusd(to, from.register, y.operand());
        });
    }

    /** The elements whose numbers {@code which} has. */
    public Value pick(Value which, Value from) { return of(a::vpermd, which, from); }

    /** One element of each 128 bits, in all four of them. */
    public Value quarter(Value x, int element) { return value(List.of(x), to -> a.vpermilps(to, x.operand(), 0x55 * element)); }

    /** Of two vectors of 256 bits the lower halves, or the upper ones. */
    public Value joined(Value x, Value y, boolean upper) { return of(a::vperm2f128, x, y, upper ? 0x31 : 0x20); }

    /** What {@link #toBytes} needs beside ints, in memory that stays. */
    public MemorySegment byteOrder() {
        MemorySegment order = Arena.global().allocate(bytes, 64);
        for (int i = 0; i < lanes; i++) order.setAtIndex(ValueLayout.JAVA_INT, i, i % (lanes / 4) * 4 + i / (lanes / 4));
        return order;
    }

    public Value shiftLeft(Value x, int bits) { return value(List.of(x), to -> a.vpslld(to, x.register, bits)); }

    /** Shifts ints, which keep their sign. */
    public Value shiftRight(Value x, int bits) { return value(List.of(x), to -> a.vpsrad(to, x.register, bits)); }

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
    public Value sum(Value... x) { return across(x.length == 1 ? x[0] : add(x[0], x[1]), this::add); }

    /** The greatest of all elements, in every element. */
    public Value greatest(Value x) { return across(x, this::max); }

    /** The sum of all ints, in every element. */
    public Value sumInts(Value x) { return across(x, this::addInts); }

    /** The greatest of all ints, in every element. */
    public Value greatestInts(Value x) { return across(x, this::maxInts); }

    private interface Join {
        Value of(Value x, Value y);
    }

    private Value across(Value x, Join join) {
        if (bits == 512) {
            Value wide = x;
            x = join.of(wide, value(List.of(wide), to -> a.vshuff32x4(to, wide.register, wide.register, 0x4e)));
            Value half = x;
            x = join.of(half, value(List.of(half), to -> a.vshuff32x4(to, half.register, half.register, 0xb1)));
        } else {
            Value wide = x;
            x = join.of(wide, value(List.of(wide), to -> a.vperm2f128(to, wide.register, wide.register, 1)));
        }
        Value four = x, two = join.of(four, value(List.of(four), to -> a.vpermilps(to, four.register, 0x4e)));
        return join.of(two, value(List.of(two), to -> a.vpermilps(to, two.register, 0xb1)));
    }

    /** The columns of a square, whose rows are as many vectors as a vector has elements. */
    public Value[] transposed(Value[] rows) {
        Value[] fours = new Value[lanes];
        for (int i = 0; i < lanes; i += 4) {
            Value lowA = of(a::vunpcklps, rows[i], rows[i + 1]), lowB = of(a::vunpcklps, rows[i + 2], rows[i + 3]);
            Value highA = of(a::vunpckhps, rows[i], rows[i + 1]), highB = of(a::vunpckhps, rows[i + 2], rows[i + 3]);
            fours[i] = of(a::vshufps, lowA, lowB, 0x44);
            fours[i + 1] = of(a::vshufps, lowA, lowB, 0xee);
            fours[i + 2] = of(a::vshufps, highA, highB, 0x44);
            fours[i + 3] = of(a::vshufps, highA, highB, 0xee);
        }
        Value[] columns = new Value[lanes];
        for (int i = 0; i < 4; i++) {
            if (bits == 512) joinFour(fours, i, columns);
            else for (int half = 0; half < 2; half++) columns[4 * half + i] = of(a::vperm2f128, fours[i], fours[4 + i], half == 0 ? 0x20 : 0x31);
        }
        return columns;
    }

    /** Columns i, 4 + i, 8 + i and 12 + i: those of which four vectors hold four elements each. */
    private void joinFour(Value[] fours, int i, Value[] columns) {
        Value[] top = new Value[2], bottom = new Value[2];
        for (int odd = 0; odd < 2; odd++) {
            top[odd] = of(a::vshuff32x4, fours[i], fours[4 + i], odd == 0 ? 0x88 : 0xdd);
            bottom[odd] = of(a::vshuff32x4, fours[8 + i], fours[12 + i], odd == 0 ? 0x88 : 0xdd);
        }
        for (int q = 0; q < 4; q++) columns[4 * q + i] = of(a::vshuff32x4, top[q % 2], bottom[q % 2], q < 2 ? 0x88 : 0xdd);
    }

    private interface Numbered {
        void write(Simd to, Simd x, RegisterOrMemory y, int number);
    }

    private Value of(Numbered instruction, Value x, Value y, int number) { return of((to, p, q) -> instruction.write(to, p, q, number), x, y); }

    /** A value that is in a register, which a constant is not; outside of a loop this loads it once. */
    public Value register(Value v) { return v.constant == null ? v : value(List.of(), to -> a.vmovups(to, v.constant)); }

    // Steps and registers

    private void step(Runnable writer) { add(null, List.of(), _ -> writer.run()); }

    private Value value(List<Value> uses, Writer writer) {
        Value v = new Value(null, loop);
        add(v, uses, writer);
        return v;
    }

    private void add(Value result, List<Value> uses, Writer writer) {
        uses.forEach(this::use);
        steps.add(new Step(result, uses, writer));
        if (result != null) result.last = steps.size() - 1;
    }

    /** The next step uses a value. In a loop that it was made outside of, it lives to the loop's end. */
    private void use(Value v) {
        if (v.constant != null) return;
        v.last = Math.max(v.last, steps.size());
        if (v.loop != loop && loop.outer != null) loop.uses.add(v);
    }

    /** Writes the routine. @param name for logs and profilers */
    public Routine routine(String name) {
        MemorySegment pool = pool();
        for (Gpr g : KEPT) a.push(g);
        a.mov(ARGUMENTS[6], Mem.at(Gpr.RSP, 8 * KEPT.length + 8));
        a.mov(ARGUMENTS[7], Mem.at(Gpr.RSP, 8 * KEPT.length + 16));
        a.mov(POOL, pool.address());
        if (own > 0) {
            a.mov(SCRATCH, Gpr.RSP);
            a.sub(Gpr.RSP, own + 128);
            a.and(Gpr.RSP, -64);
            a.mov(Mem.at(Gpr.RSP, own), SCRATCH);
        }
        for (int i = 0; i < steps.size(); i++) write(i);
        if (own > 0) a.mov(Gpr.RSP, Mem.at(Gpr.RSP, own));
        for (Gpr g : List.of(KEPT).reversed()) a.pop(g);
        a.vzeroupper();
        a.ret();
        return Routine.of(name + "_" + bits, a);
    }

    private void write(int number) {
        Step s = steps.get(number);
        for (Value v : s.uses) free(v, number);
        Value result = s.result;
        if (result != null) {
            if (free.isEmpty()) throw new IllegalStateException("more values than registers");
            int chosen = s.uses.stream().filter(v -> v.register != null && free.contains(v.register.number())).mapToInt(v -> v.register.number())
                    .reduce((_, last) -> last).orElseGet(free::first);
            free.remove(chosen);
            result.register = new Simd(chosen, bits, 0, false);
        }
        s.writer.write(result == null ? null : result.register);
        if (result != null) free(result, number);
    }

    /** Gives up the register of a value whose last use a step is. */
    private void free(Value v, int number) {
        if (v.constant == null && v.last <= number && !v.pinned) free.add(v.register.number());
    }

    /** The constants, behind a table of lanes set and lanes not set: a mask of n elements begins n before the table's middle. */
    private MemorySegment pool() {
        MemorySegment pool = Arena.global().allocate(64L * (constants.size() + 2), 64);
        for (int i = 0; i < lanes; i++) pool.setAtIndex(ValueLayout.JAVA_INT, i, -1);
        constants.forEach((value, at) -> {
            for (int i = 0; i < lanes; i++) pool.set(ValueLayout.JAVA_INT, at.offset() + 4L * i, value);
        });
        return pool;
    }
}
