package dev.faithdiff.kernels.cpu.emit;

import dev.faithdiff.kernels.cpu.emit.VectorCode.Value;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** What {@link VectorCode} makes of its steps: they stay in their order, and values get registers when the routine is written. */
final class Steps {
    /** Writes the instructions of a step whose operands have registers. */
    interface Writer {
        void write(Simd to);
    }

    /** An instruction of one operand. */
    interface Two {
        void write(Simd to, RegisterOrMemory x);
    }

    /** An instruction of two operands. */
    interface Three {
        void write(Simd to, Simd x, RegisterOrMemory y);
    }

    /** A loop that is being written, and the values from outside that it uses: they live to its end. */
    record Loop(Loop outer, List<Value> uses) {}

    private record Step(Value result, List<Value> uses, Writer writer) {}

    static final Gpr[] ARGUMENTS = {Gpr.RDI, Gpr.RSI, Gpr.RDX, Gpr.RCX, Gpr.R8, Gpr.R9, Gpr.R12, Gpr.R13};
    /** The address of the constants. */
    static final Gpr POOL = Gpr.R11;
    private static final Gpr[] KEPT = {Gpr.RBX, Gpr.RBP, Gpr.R12, Gpr.R13, Gpr.R14, Gpr.R15};
    private static final Gpr SCRATCH = Gpr.RAX;

    final Assembler a = new Assembler();
    final int bits, lanes, bytes; // of a vector
    /** The mask of the elements of a last vector, while its steps are written. */
    Value rest;
    /** Bytes of memory on the stack. */
    int own;
    private final List<Step> steps = new ArrayList<>();
    private final Map<Integer, Mem> constants = new LinkedHashMap<>();
    private final TreeSet<Integer> free = new TreeSet<>();
    private Loop loop = new Loop(null, new ArrayList<>());

    Steps(int bits) {
        this.bits = bits;
        lanes = bits / 32;
        bytes = bits / 8;
        for (int i = 0; i < (bits == 512 ? 32 : 15); i++) free.add(i); // the last of 16 is where comparisons put their answers
    }

    /** 32 bits in every element. */
    Value constant(int bits) {
        Mem at = constants.computeIfAbsent(bits, _ -> Mem.at(POOL, 64 * (constants.size() + 2)));
        return new Value(at, null);
    }

    /** A step that gives no value. */
    void step(Runnable writer) { step(List.of(), writer); }

    void step(List<Value> uses, Runnable writer) { add(null, uses, _ -> writer.run()); }

    /** A step that gives one. */
    Value value(List<Value> uses, Writer writer) {
        Value v = new Value(null, loop);
        add(v, uses, writer);
        return v;
    }

    Value of(Two instruction, Value x) { return value(List.of(x), to -> instruction.write(to, x.operand())); }

    Value of(Three instruction, Value x, Value y) {
        Value first = register(x);
        return value(List.of(first, y), to -> instruction.write(to, first.register, y.operand()));
    }

    /** The same for an instruction whose operands may change places. */
    Value either(Three instruction, Value x, Value y) { return x.constant == null ? of(instruction, x, y) : of(instruction, y, x); }

    /** A whole vector that an instruction makes of what lies in memory. @param what is loaded, for the error */
    Value widened(String what, Mem from, Two instruction) {
        requireWhole(what + " are loaded");
        return value(List.of(), to -> instruction.write(to, from));
    }

    void requireWhole(String what) {
        if (rest != null) throw new IllegalStateException(what + " as whole vectors only");
    }

    /** A value that is in a register, which a constant is not; outside of a loop this loads it once. */
    Value register(Value v) { return v.constant == null ? v : value(List.of(), to -> a.vmovups(to, v.constant)); }

    /** Adds the steps of a loop's body, and one that begins it again or goes on. */
    void loop(Runnable body, Runnable again) {
        loop = new Loop(loop, new ArrayList<>());
        body.run();
        List<Value> uses = loop.uses;
        loop = loop.outer;
        step(uses, again);
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

    /** Writes the routine. @throws IllegalStateException if there are more values at once than registers */
    Routine routine(String name) {
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
