package dev.faithdiff.kernels.cpu.emit;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.IntStream;

/** Code of an imitated processor: its bytes, and each instruction's meaning once it was read (Intel's manual, volume 2). */
final class ImitatedCode {
    /** What an instruction does; the next one's place is set before. */
    interface Meaning {
        void run(ImitatedState s);
    }

    private record Instruction(Meaning meaning, int end) {}

    /** The address of an operand; its registers are read when it is asked. */
    record Address(int base, int index, int scale, int offset) {
        long of(ImitatedState s) { return s.general[base] + (index < 0 ? 0 : s.general[index] * scale) + offset; }
    }

    private final byte[] bytes;
    private final Instruction[] known;
    private int at; // while an instruction is read

    ImitatedCode(byte[] bytes) {
        this.bytes = bytes;
        known = new Instruction[bytes.length];
    }

    void step(ImitatedState s) {
        Instruction i = known[s.at];
        if (i == null) known[s.at] = i = read(s.at);
        s.at = i.end;
        i.meaning.run(s);
    }

    /** Where each instruction begins, and the end. */
    int[] starts() {
        IntStream.Builder all = IntStream.builder();
        for (int i = 0; i < bytes.length; i = read(i).end) all.add(i);
        return all.add(bytes.length).build().toArray();
    }

    private synchronized Instruction read(int from) {
        at = from;
        Meaning meaning;
        try {
            meaning = read();
        } catch (UnsupportedOperationException e) {
            meaning = null;
        }
        String text = HexFormat.of().formatHex(Arrays.copyOfRange(bytes, from, Math.min(from + 12, bytes.length)));
        if (meaning == null) throw new AssertionError("the imitated processor does not know the instruction at " + from + ": " + text);
        return new Instruction(meaning, at);
    }

    private int next() { return bytes[at++] & 0xff; }

    private int next32() { return next() | next() << 8 | next() << 16 | next() << 24; }

    private static UnsupportedOperationException unknown() { return new UnsupportedOperationException(); }

    private Meaning read() {
        int first = next();
        if (first == 0xc5 || first == 0xc4 || first == 0x62) return vector(first);
        int rex = first >> 4 == 4 ? first : 0, opcode = rex == 0 ? first : next();
        boolean wide = (rex & 8) != 0;
        int high = (rex & 1) << 3;
        if (opcode >= 0x50 && opcode < 0x60) {
            int register = opcode & 7 | high;
            return opcode < 0x58 ? s -> s.push(s.general[register]) : s -> s.general[register] = s.pop();
        }
        if (opcode >= 0x70 && opcode < 0x80) return jump(opcode & 15, (byte) next());
        if (opcode >= 0xb8 && opcode < 0xc0 && wide) {
            int register = opcode & 7 | high;
            long value = next32() & 0xffffffffL | (long) next32() << 32;
            return s -> s.general[register] = value;
        }
        return switch (opcode) {
            case 0x0f -> twoBytes(rex);
            case 0xeb -> jump(-1, (byte) next());
            case 0xe9 -> jump(-1, next32());
            case 0xc3 -> s -> s.at = (int) s.pop();
            case 0x05, 0x25, 0x2d, 0x3d -> arithmetic(opcode >> 3, 0, next32());
            default -> general(opcode, rex, wide);
        };
    }

    private Meaning jump(int condition, int distance) {
        int to = at + distance;
        return condition < 0 ? s -> s.at = to : s -> { if (s.holds(condition)) s.at = to; };
    }

    private Meaning twoBytes(int rex) {
        int opcode = next();
        if (opcode >= 0x80 && opcode < 0x90) return jump(opcode & 15, next32());
        if (opcode != 0x18) throw unknown();
        Operand o = operand(rex << 1 & 8, rex << 2 & 8, rex << 3 & 8, 1);
        if (o.memory == null) throw unknown();
        return _ -> {}; // prefetch
    }

    /** Moves and arithmetic with a byte of operands. Only moves come with 32 bits, too. */
    private Meaning general(int opcode, int rex, boolean wide) {
        Operand o = operand(rex << 1 & 8, rex << 2 & 8, rex << 3 & 8, 1);
        int reg = o.reg, rm = o.rm;
        Address m = o.memory;
        if (m != null) {
            return switch (opcode) {
                case 0x8b -> wide ? s -> s.general[reg] = s.getLong(m.of(s)) : s -> s.general[reg] = s.getInt(m.of(s)) & 0xffffffffL;
                case 0x89 -> wide ? s -> s.setLong(m.of(s), s.general[reg]) : s -> s.setInt(m.of(s), (int) s.general[reg]);
                case 0x8d -> s -> s.general[reg] = m.of(s);
                default -> throw unknown();
            };
        }
        if (!wide) throw unknown();
        return switch (opcode) {
            case 0x89 -> s -> s.general[rm] = s.general[reg];
            case 0x01 -> s -> s.general[rm] = s.add(s.general[rm], s.general[reg]);
            case 0x29 -> s -> s.general[rm] = s.subtract(s.general[rm], s.general[reg]);
            case 0x39 -> s -> s.subtract(s.general[rm], s.general[reg]);
            case 0x85 -> s -> s.conditions(s.general[rm] & s.general[reg]);
            case 0x83 -> arithmetic(reg & 7, rm, (byte) next());
            case 0x81 -> arithmetic(reg & 7, rm, next32());
            case 0xc1 -> shift(reg & 7, rm, next());
            case 0xd1 -> shift(reg & 7, rm, 1);
            case 0xc7 -> {
                int value = next32();
                yield s -> s.general[rm] = value;
            }
            default -> throw unknown();
        };
    }

    private static Meaning arithmetic(int which, int r, int value) {
        return switch (which) {
            case 0 -> s -> s.general[r] = s.add(s.general[r], value);
            case 4 -> s -> s.conditions(s.general[r] &= value);
            case 5 -> s -> s.general[r] = s.subtract(s.general[r], value);
            case 7 -> s -> s.subtract(s.general[r], value);
            default -> throw unknown();
        };
    }

    private static Meaning shift(int which, int r, int bits) {
        return switch (which) {
            case 4 -> s -> s.conditions(s.general[r] <<= bits);
            case 5 -> s -> s.conditions(s.general[r] >>>= bits);
            default -> throw unknown();
        };
    }

    /** The byte of operands and what follows it: a register, and another or memory (then rm is -1). */
    private record Operand(int reg, int rm, Address memory) {}

    /** @param unit what an offset of 8 bits counts, in bytes */
    private Operand operand(int highReg, int highIndex, int highBase, int unit) {
        int operands = next(), mode = operands >> 6, reg = operands >> 3 & 7 | highReg, low = operands & 7;
        if (mode == 3) return new Operand(reg, low | highBase, null);
        int base = low, index = -1, scale = 1;
        if (low == 4) {
            int sib = next();
            base = sib & 7;
            index = sib >> 3 & 7 | highIndex;
            if (index == 4) index = -1;
            scale = 1 << (sib >> 6);
        }
        if (mode == 0 && base == 5) throw unknown(); // relative to the instruction, or without a base
        int offset = mode == 1 ? (byte) next() * unit : mode == 2 ? next32() : 0;
        return new Operand(reg, -1, new Address(base | highBase, index, scale, offset));
    }

    private Meaning vector(int first) {
        int map = 1, w = 0, high = 0, second, length, pp, mask = 0, p = next();
        boolean evex = first == 0x62;
        if (first == 0xc5) {
            high = (~p & 0x80) >> 4;
            second = ~p >> 3 & 15;
            length = p >> 2 & 1;
            pp = p & 3;
            return vector(map, pp, w, length, evex, high, 0, 0, second, mask);
        }
        high = (~p & 0x80) >> 4;
        int index = (~p & 0x40) >> 3, base = (~p & 0x20) >> 2;
        int q = next();
        w = q >> 7;
        second = ~q >> 3 & 15;
        pp = q & 3;
        if (!evex) return vector(p & 31, pp, w, q >> 2 & 1, false, high, index, base, second, 0);
        mask = next();
        if ((p & 0x0c) != 0 || (q & 4) == 0) throw unknown();
        high |= (~p & 0x10);
        second |= (~mask & 8) << 1;
        return vector(p & 3, pp, w, mask >> 5 & 3, true, high, index, base, second, mask);
    }

    private Meaning vector(int map, int pp, int w, int length, boolean evex, int high, int index, int base, int second, int mask) {
        int opcode = next();
        if (map == 1 && opcode == 0x77) return s -> {
            for (int i = 0; i < 16 * 16; i++) if (i % 16 >= 4) s.vectors[i] = 0;
        };
        int key = map << 12 | pp << 8 | opcode;
        ImitatedVector v = new ImitatedVector(key, w, 4 << length, evex, second, mask & 7, (mask & 0x80) != 0, (mask & 0x10) != 0);
        Operand o = operand(high, index, base, evex ? v.unit() : 1);
        int rm = o.rm < 0 ? -1 : evex ? o.rm | index << 1 : o.rm;
        return v.meaning(o.reg, rm, o.memory, v.hasNumber() ? next() : 0);
    }
}
