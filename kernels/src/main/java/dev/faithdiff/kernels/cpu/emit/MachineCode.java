package dev.faithdiff.kernels.cpu.emit;

import dev.faithdiff.kernels.cpu.emit.Assembler.Label;
import java.util.Arrays;

/**
 * Bytes of x86-64 instructions, by the forms in which they are encoded (Intel's manual, volume 2, chapter 2): with a REX, a VEX or an EVEX prefix.
 *
 * <p>Of several encodings of an instruction, this takes the one that GNU as takes.
 */
final class MachineCode {
    /** Which prefixes a vector instruction may have. */
    enum Prefix { VEX, EVEX, EITHER }

    /**
     * A vector instruction.
     *
     * @param prefix  where there are two, VEX unless a register, a mask, a broadcast or the width asks for EVEX
     * @param pp      the implied prefix: 0 none, 1 66, 2 F3, 3 F2
     * @param map     the implied opcode bytes: 1 0F, 2 0F 38, 3 0F 3A
     * @param w       the bit W, under EVEX and VEX; {@link #W_OF_EVEX}: under EVEX only
     * @param divisor the part of a vector that its memory operand has: 1 whole, 2 half, 4 a quarter; 0 one number of 32 bits
     */
    record Form(Prefix prefix, int pp, int map, int w, int opcode, int divisor) {
        static final int W_OF_EVEX = 2; // doubles: VEX ignores the bit, and GNU as leaves it out
    }

    private byte[] bytes = new byte[256];
    private int size;

    byte[] toArray() { return Arrays.copyOf(bytes, size); }

    void bytes(int... values) {
        if (size + values.length > bytes.length) bytes = Arrays.copyOf(bytes, 2 * bytes.length);
        for (int v : values) bytes[size++] = (byte) v;
    }

    void int32(int value) { bytes(value, value >> 8, value >> 16, value >> 24); }

    void int64(long value) {
        int32((int) value);
        int32((int) (value >> 32));
    }

    /** A REX prefix, if needed, an opcode, and a general or numbered register with another. @param wide 64 bits */
    void general(boolean wide, int reg, int rm, int... opcode) {
        rex(wide, reg, 0, rm);
        bytes(opcode);
        registers(reg, rm);
    }

    /** The same with memory. */
    void general(boolean wide, int reg, Mem memory, int... opcode) {
        rex(wide, reg, index(memory), memory.base().ordinal());
        bytes(opcode);
        memory(reg, memory, 1);
    }

    private void rex(boolean wide, int reg, int index, int base) {
        int rex = (wide ? 8 : 0) | reg >> 3 << 2 | index >> 3 << 1 | base >> 3;
        if (rex != 0) bytes(0x40 | rex);
    }

    /** A vector instruction. @param shape the register whose width and mask count */
    void simd(Form f, Simd shape, int reg, int second, RegisterOrMemory last) {
        int index = 0, base;
        boolean high = reg > 15 || second > 15;
        if (last instanceof Mem m) {
            index = index(m);
            base = m.base().ordinal();
            high |= m.broadcast();
        } else {
            base = ((Simd) last).number();
            index = base >> 4 << 3; // the fifth bit of a vector register goes where an index would
            high |= base > 15;
        }
        boolean evex = f.prefix == Prefix.EVEX || f.prefix == Prefix.EITHER && (high || shape.mask() > 0 || shape.bits() == 512);
        if (evex) evex(f, shape, reg, second, index, base, last instanceof Mem m && m.broadcast());
        else vex(f, shape.bits() == 256, reg, second, index, base);
        bytes(f.opcode);
        if (last instanceof Mem m) memory(reg, m, evex ? unit(f, shape, m) : 1);
        else registers(reg, base);
    }

    /** What an offset of 8 bits counts under EVEX. */
    private static int unit(Form f, Simd shape, Mem m) { return f.divisor == 0 || m.broadcast() ? 4 : shape.bits() / 8 / f.divisor; }

    void vex(Form f, boolean wide, int reg, int second, int index, int base) {
        int rest = (~second & 15) << 3 | (wide ? 4 : 0) | f.pp, r = (~reg >> 3 & 1) << 7;
        int w = f.w & 1;
        if (index < 8 && base < 8 && f.map == 1 && w == 0) bytes(0xc5, r | rest);
        else bytes(0xc4, r | (~index >> 3 & 1) << 6 | (~base >> 3 & 1) << 5 | f.map, w << 7 | rest);
    }

    private void evex(Form f, Simd shape, int reg, int second, int index, int base, boolean broadcast) {
        int high = (~reg >> 3 & 1) << 7 | (~index >> 3 & 1) << 6 | (~base >> 3 & 1) << 5 | (~reg >> 4 & 1) << 4;
        int length = shape.bits() / 256; // 0, 1, 2
        int mask = (shape.zeroes() ? 128 : 0) | length << 5 | (broadcast ? 16 : 0) | (~second >> 4 & 1) << 3 | shape.mask();
        bytes(0x62, high | f.map, (f.w == 0 ? 0 : 128) | (~second & 15) << 3 | 4 | f.pp, mask);
    }

    void registers(int reg, int rm) { bytes(0xc0 | (reg & 7) << 3 | rm & 7); }

    private static int index(Mem m) { return m.index() == null ? 0 : m.index().ordinal(); }

    /** The operand bytes of memory. @param unit what an offset of 8 bits counts, in bytes */
    void memory(int reg, Mem m, int unit) { memory(reg, m, unit, m.index() != null); }

    /** The same, always with a byte for index and scale, as tile instructions want it. */
    void memory(int reg, Mem m, int unit, boolean sib) {
        int base = m.base().ordinal() & 7, offset = m.offset();
        boolean small = offset % unit == 0 && offset / unit == (byte) (offset / unit);
        int mode = offset == 0 && base != 5 ? 0 : small ? 1 : 2; // with 5, mode 0 means an address relative to this instruction
        boolean more = sib || base == 4;
        bytes(mode << 6 | (reg & 7) << 3 | (more ? 4 : base));
        if (more) bytes(Integer.numberOfTrailingZeros(m.scale()) << 6 | (m.index() == null ? 4 : index(m) & 7) << 3 | base);
        if (mode == 1) bytes(offset / unit);
        if (mode == 2) int32(offset);
    }

    void bind(Label label) {
        if (label.at >= 0) throw new IllegalStateException("the label is bound already");
        label.at = size;
        for (int jump : label.jumps) {
            int distance = size - jump - 4;
            for (int i = 0; i < 4; i++) bytes[jump + i] = (byte) (distance >> 8 * i);
        }
        label.jumps.clear();
    }

    /** A jump: of 8 bits back to a label that is near, else of 32 bits. @param shortOpcode of the form of 8 bits */
    void jump(Label label, int shortOpcode, int... opcode) {
        int near = label.at - size - 2;
        if (label.at >= 0 && near >= -128) {
            bytes(shortOpcode, near);
            return;
        }
        bytes(opcode);
        if (label.at < 0) label.jumps.add(size);
        int32(label.at < 0 ? 0 : label.at - size - 4);
    }
}
