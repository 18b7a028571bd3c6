package dev.faithdiff.kernels.cpu.emit;

import dev.faithdiff.kernels.cpu.Vec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The registers of an imitated processor, and how it reads and writes memory. */
final class ImitatedState {
    private static final int STACK = 1 << 16, RETURN = -1;
    private static final int[] ARGUMENTS = {7, 6, 2, 1, 8, 9}; // RDI, RSI, RDX, RCX, R8, R9
    private static final int[] KEPT = {3, 5, 12, 13, 14, 15};  // RBX, RBP, R12 to R15
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    final long[] general = new long[16];
    final int[] vectors = new int[32 * 16];
    final long[] masks = new long[8];
    final int[] scratch = new int[16], result = new int[16];
    boolean carry, zero, sign, overflow;
    /** Where the next instruction is, in bytes of the code. */
    int at;

    private final MemorySegment stack = Arena.global().allocate(STACK, 64);

    /** Calls code as System V does, and checks that it keeps what a routine must. */
    long run(ImitatedCode code, long[] arguments) {
        long top = stack.address() + STACK - 1024 - 8;
        general[4] = top;
        setLong(top, RETURN);
        for (int i = 0; i < arguments.length; i++) {
            if (i < ARGUMENTS.length) general[ARGUMENTS[i]] = arguments[i];
            else setLong(top + 8 + 8L * (i - ARGUMENTS.length), arguments[i]);
        }
        long[] before = general.clone();
        for (at = 0; at != RETURN; ) code.step(this);
        if (general[4] != top + 8) throw new IllegalStateException("the code moves the stack");
        for (int r : KEPT) if (general[r] != before[r]) throw new IllegalStateException("the code changes " + Gpr.values()[r]);
        return general[0];
    }

    int getInt(long address) { return Vec.MEMORY.get(INT, address); }

    void setInt(long address, int value) { Vec.MEMORY.set(INT, address, value); }

    long getLong(long address) { return Vec.MEMORY.get(LONG, address); }

    void setLong(long address, long value) { Vec.MEMORY.set(LONG, address, value); }

    int getByte(long address) { return Vec.MEMORY.get(ValueLayout.JAVA_BYTE, address); }

    void push(long value) { setLong(general[4] -= 8, value); }

    long pop() { return getLong((general[4] += 8) - 8); }

    /** Sets the conditions of a result without carry and overflow. */
    void conditions(long value) {
        zero = value == 0;
        sign = value < 0;
        carry = overflow = false;
    }

    /** a + b, with its conditions. */
    long add(long a, long b) {
        long sum = a + b;
        conditions(sum);
        carry = Long.compareUnsigned(sum, a) < 0;
        overflow = ((a ^ sum) & (b ^ sum)) < 0;
        return sum;
    }

    /** a - b, with its conditions. */
    long subtract(long a, long b) {
        long difference = a - b;
        conditions(difference);
        carry = Long.compareUnsigned(a, b) < 0;
        overflow = ((a ^ b) & (a ^ difference)) < 0;
        return difference;
    }

    /** A condition by its number in the manual. */
    boolean holds(int condition) {
        boolean even = switch (condition >> 1) {
            case 1 -> carry;
            case 2 -> zero;
            case 6 -> sign != overflow;
            case 7 -> zero || sign != overflow;
            default -> throw new IllegalStateException("condition " + condition);
        };
        return even != ((condition & 1) == 1);
    }
}
