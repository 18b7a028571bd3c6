package dev.faithdiff.kernels.cpu.emit;

import dev.faithdiff.kernels.cpu.emit.ImitatedCode.Address;
import dev.faithdiff.kernels.cpu.emit.ImitatedCode.Meaning;
import java.util.Arrays;
import java.util.function.DoubleBinaryOperator;

/**
 * A vector instruction of an imitated processor, with its prefix read.
 *
 * @param key       4096 times the map, 256 times the implied prefix, and the opcode
 * @param lanes     numbers of 32 bits in a vector
 * @param second    the register of the prefix
 * @param mask      the opmask register of the elements to write; 0: all
 * @param broadcast whether memory holds one number for all
 */
record ImitatedVector(int key, int w, int lanes, boolean evex, int second, int mask, boolean zeroes, boolean broadcast) {
    private static final int LOW = 0x7f800000;

    private interface Lane {
        int of(int a, int b);
    }

    private interface Floats {
        float of(float a, float b);
    }

    private interface Fused {
        float of(float to, float a, float b);
    }

    /** Writes a whole result from the second register's place and the last operand. */
    private interface Whole {
        void write(int[] vectors, int a, int[] b, int[] to);
    }

    /** What an offset of 8 bits counts under EVEX, in bytes. */
    int unit() {
        if (broadcast) return 4;
        return switch (key) {
            case 0x2118, 0x1211, 0x116e -> 4;
            case 0x2133, 0x2113, 0x105a -> 2 * lanes;
            case 0x2121 -> lanes;
            default -> 4 * lanes;
        };
    }

    /** Whether a byte with a number follows the operands. */
    boolean hasNumber() {
        return switch (key) {
            case 0x10c2, 0x314a, 0x1172, 0x10c6, 0x3104, 0x3106, 0x3123 -> true;
            default -> false;
        };
    }

    /** @param rm the last operand's register, or -1: it is in memory */
    Meaning meaning(int reg, int rm, Address m, int number) {
        return switch (key) {
            case 0x1010, 0x1028, 0x126f -> load(reg, rm, m);
            case 0x1011, 0x1029, 0x127f -> store(reg, rm, m);
            case 0x1211 -> s -> s.setInt(m.of(s), s.vectors[16 * reg]);
            case 0x2118 -> spread(reg, rm, m);
            case 0x116e -> fromGeneral(reg, rm);
            case 0x212c, 0x212e -> masked(reg, m);
            case 0x2239 -> s -> {
                s.masks[reg] = 0;
                for (int i = 0; i < lanes; i++) if (s.vectors[16 * rm + i] < 0) s.masks[reg] |= 1L << i;
            };
            case 0x1092, 0x1392 -> s -> s.masks[reg] = s.general[rm] & (key == 0x1092 ? 0xffffL : w == 1 ? -1 : 0xffffffffL);
            case 0x2198 -> fused(reg, rm, m, (to, a, b) -> Math.fma(to, b, a));
            case 0x21a8 -> fused(reg, rm, m, (to, a, b) -> Math.fma(a, to, b));
            case 0x21b8 -> fused(reg, rm, m, (to, a, b) -> Math.fma(a, b, to));
            case 0x1051 -> floats(reg, rm, m, (_, b) -> (float) Math.sqrt(b));
            case 0x1054 -> ints(reg, rm, m, (a, b) -> a & b);
            case 0x1056 -> ints(reg, rm, m, (a, b) -> a | b);
            case 0x1057 -> ints(reg, rm, m, (a, b) -> a ^ b);
            case 0x1058 -> floats(reg, rm, m, Float::sum);
            case 0x1059 -> floats(reg, rm, m, (a, b) -> a * b);
            case 0x105c -> floats(reg, rm, m, (a, b) -> a - b);
            case 0x105d -> floats(reg, rm, m, (a, b) -> a < b ? a : b);
            case 0x105e -> floats(reg, rm, m, (a, b) -> a / b);
            case 0x105f -> floats(reg, rm, m, (a, b) -> a > b ? a : b);
            case 0x11fe -> ints(reg, rm, m, Integer::sum);
            case 0x11fa -> ints(reg, rm, m, (a, b) -> a - b);
            case 0x213d -> ints(reg, rm, m, Math::max);
            case 0x116b -> quads(reg, rm, m, (v, a, b, q, to) -> {
                for (int i = 0; i < 4; i++) to[q + i] = i < 2 ? shorts(v, a + q + 2 * i) : shorts(b, q + 2 * i - 4);
            });
            case 0x1163 -> quads(reg, rm, m, (v, a, b, q, to) -> {
                for (int i = 0; i < 4; i++) to[q + i] = i < 2 ? bytes(v, a + q + 2 * i) : bytes(b, q + 2 * i - 4);
            });
            case 0x2104 -> ints(reg, rm, m, (a, b) -> shorts(pair(a & 0xff, a >> 8 & 0xff, b), pair(a >> 16 & 0xff, a >>> 24, b >> 16)));
            case 0x11f5 -> ints(reg, rm, m, (a, b) -> (short) a * (short) b + (a >> 16) * (b >> 16));
            case 0x11fd -> ints(reg, rm, m, (a, b) -> a + b & 0xffff | (a >> 16) + (b >> 16) << 16);
            case 0x211c -> ints(reg, rm, m, (_, b) -> eachByte(b, 0, (x, _) -> Math.abs(x)));
            case 0x2108 -> ints(reg, rm, m, (a, b) -> eachByte(a, b, (x, y) -> x * Integer.signum(y)));
            case 0x2136 -> whole(reg, rm, m, lanes, (v, a, b, to) -> { for (int i = 0; i < lanes; i++) to[i] = b[v[a + i] & lanes - 1]; });
            case 0x1172 -> shift(reg, rm, number);
            case 0x10c2 -> compare(reg, rm, m, number);
            case 0x314a -> {
                int chosen = 16 * (number >> 4);
                yield whole(reg, rm, m, lanes, (v, a, b, to) -> {
                    for (int i = 0; i < lanes; i++) to[i] = v[chosen + i] < 0 ? b[i] : v[a + i];
                });
            }
            case 0x2165 -> s -> { // the mask chooses, and all elements are written
                int[] b = last(s, rm, m, lanes);
                for (int i = 0; i < lanes; i++) s.result[i] = chosen(s, i) ? b[i] : zeroes ? 0 : s.vectors[16 * second + i];
                write(s, reg, false);
            };
            case 0x1014, 0x1015 -> quads(reg, rm, m, (v, a, b, q, to) -> {
                int from = q + (key == 0x1014 ? 0 : 2);
                for (int i = 0; i < 4; i++) to[q + i] = i % 2 == 0 ? v[a + from + i / 2] : b[from + i / 2];
            });
            case 0x10c6 -> quads(reg, rm, m, (v, a, b, q, to) -> {
                for (int i = 0; i < 4; i++) to[q + i] = i < 2 ? v[a + q + (number >> 2 * i & 3)] : b[q + (number >> 2 * i & 3)];
            });
            case 0x3104 -> quads(reg, rm, m, (_, _, b, q, to) -> {
                for (int i = 0; i < 4; i++) to[q + i] = b[q + (number >> 2 * i & 3)];
            });
            case 0x3106 -> whole(reg, rm, m, lanes, (v, a, b, to) -> {
                for (int i = 0; i < 8; i++) {
                    int which = number >> 4 * (i / 4), part = 4 * (which & 1) + i % 4;
                    to[i] = (which & 8) != 0 ? 0 : (which & 2) == 0 ? v[a + part] : b[part];
                }
            });
            case 0x3123 -> whole(reg, rm, m, lanes, (v, a, b, to) -> {
                int bits = lanes == 16 ? 2 : 1, parts = lanes / 4;
                for (int i = 0; i < lanes; i++) {
                    int part = i / 4, from = 4 * (number >> bits * part & (1 << bits) - 1) + i % 4;
                    to[i] = part < parts / 2 ? v[a + from] : b[from];
                }
            });
            case 0x2133 -> whole(reg, rm, m, lanes / 2, (_, _, b, to) -> { for (int i = 0; i < lanes; i++) to[i] = half(b, i); });
            case 0x2113 -> whole(reg, rm, m, lanes / 2, (_, _, b, to) -> {
                for (int i = 0; i < lanes; i++) to[i] = Float.floatToRawIntBits(Float.float16ToFloat((short) half(b, i)));
            });
            case 0x2121 -> whole(reg, rm, m, lanes / 4, (_, _, b, to) -> { for (int i = 0; i < lanes; i++) to[i] = (byte) (b[i / 4] >> i % 4 * 8); });
            case 0x105b -> ints(reg, rm, m, (_, b) -> Float.floatToRawIntBits((float) b));
            default -> doubles(reg, rm, m);
        };
    }

    private Meaning doubles(int reg, int rm, Address m) {
        return switch (key) {
            case 0x1158 -> doubles(reg, rm, m, Double::sum);
            case 0x1159 -> doubles(reg, rm, m, (a, b) -> a * b);
            case 0x115e -> doubles(reg, rm, m, (a, b) -> a / b);
            case 0x1151 -> doubles(reg, rm, m, (_, b) -> Math.sqrt(b));
            case 0x105a -> whole(reg, rm, m, lanes / 2, (_, _, b, to) -> {
                for (int i = 0; i < lanes / 2; i++) set(to, i, Float.intBitsToFloat(b[i]));
            });
            case 0x115a -> whole(reg, rm, m, lanes, (_, _, b, to) -> {
                for (int i = 0; i < lanes; i++) to[i] = i < lanes / 2 ? Float.floatToRawIntBits((float) get(b, 0, i)) : 0;
            });
            case 0x2119 -> whole(reg, rm, m, 2, (_, _, b, to) -> { for (int i = 0; i < lanes; i++) to[i] = b[i % 2]; });
            default -> narrow(reg, rm, m);
        };
    }

    private Meaning narrow(int reg, int rm, Address m) {
        if (!evex && key != 0x2150) throw new UnsupportedOperationException();
        return switch (key) {
            case 0x2252 -> whole(reg, rm, m, lanes, (v, a, b, to) -> {
                for (int i = 0; i < lanes; i++) to[i] = dot(v[16 * reg + i], v[a + i], b[i]);
            });
            case 0x2372 -> whole(reg, rm, m, lanes, (v, a, b, to) -> {
                for (int i = 0; i < lanes; i++) {
                    int low = 2 * i % lanes;
                    boolean upper = 2 * i >= lanes;
                    to[i] = bf16(upper ? v[a + low] : b[low]) | bf16(upper ? v[a + low + 1] : b[low + 1]) << 16;
                }
            });
            case 0x2272 -> whole(reg, rm, m, lanes, (_, _, b, to) -> {
                for (int i = 0; i < lanes; i++) to[i] = i < lanes / 2 ? bf16(b[2 * i]) | bf16(b[2 * i + 1]) << 16 : 0;
            });
            case 0x2150 -> whole(reg, rm, m, lanes, (v, a, b, to) -> {
                for (int i = 0; i < lanes; i++) {
                    to[i] = v[16 * reg + i];
                    for (int bits = 0; bits < 32; bits += 8) to[i] += (v[a + i] >> bits & 0xff) * (byte) (b[i] >> bits);
                }
            });
            default -> throw new UnsupportedOperationException();
        };
    }

    /** The manual's VDPBF16PS: two products added to a float, the odd one first, each step rounded to nearest; subnormal numbers are zero. */
    private static int dot(int sum, int a, int b) {
        float odd = flushed(Math.fma(flushed(a & 0xffff0000), flushed(b & 0xffff0000), flushed(sum)));
        return Float.floatToRawIntBits(flushed(Math.fma(flushed(a << 16), flushed(b << 16), odd)));
    }

    private static float flushed(int bits) { return flushed(Float.intBitsToFloat(bits)); }

    private static float flushed(float x) { return Math.abs(x) < Float.MIN_NORMAL ? Math.copySign(0f, x) : x; }

    /** A float's bits rounded to BF16: to nearest, ties to even, subnormal numbers to zero. */
    private static int bf16(int bits) {
        if ((bits & LOW) == 0) return bits >>> 16 & 0x8000;
        if ((bits & LOW) == LOW) return bits >>> 16 | ((bits & 0x7fffff) != 0 ? 0x40 : 0);
        return bits + 0x7fff + (bits >>> 16 & 1) >>> 16;
    }

    /** Two ints as shorts, the nearest that there are. */
    private static int shorts(int[] v, int at) { return shorts(v[at], v[at + 1]); }

    private static int shorts(int low, int high) {
        return Math.clamp(low, Short.MIN_VALUE, Short.MAX_VALUE) & 0xffff | Math.clamp(high, Short.MIN_VALUE, Short.MAX_VALUE) << 16;
    }

    /** The sum of products of two numbers with two signed bytes. */
    private static int pair(int low, int high, int bytes) { return low * (byte) bytes + high * (byte) (bytes >> 8); }

    /** A function of signed bytes. */
    private static int eachByte(int a, int b, Lane what) {
        int all = 0;
        for (int bits = 0; bits < 32; bits += 8) all |= (what.of((byte) (a >> bits), (byte) (b >> bits)) & 0xff) << bits;
        return all;
    }

    /** Four shorts as bytes, the nearest that there are. */
    private static int bytes(int[] v, int at) {
        int four = 0;
        for (int i = 0; i < 4; i++) four |= (Math.clamp((short) (v[at + i / 2] >> 16 * (i % 2)), Byte.MIN_VALUE, Byte.MAX_VALUE) & 0xff) << 8 * i;
        return four;
    }

    private static int half(int[] b, int i) { return b[i / 2] >>> 16 * (i % 2) & 0xffff; }

    private static double get(int[] v, int at, int i) {
        return Double.longBitsToDouble(v[at + 2 * i] & 0xffffffffL | (long) v[at + 2 * i + 1] << 32);
    }

    private static void set(int[] v, int i, double x) {
        long bits = Double.doubleToRawLongBits(x);
        v[2 * i] = (int) bits;
        v[2 * i + 1] = (int) (bits >> 32);
    }

    // Operands and results

    private boolean chosen(ImitatedState s, int lane) { return mask == 0 || (s.masks[mask] >> lane & 1) != 0; }

    /** The last operand's first {@code count} numbers of 32 bits. */
    private int[] last(ImitatedState s, int rm, Address m, int count) {
        if (rm >= 0) {
            System.arraycopy(s.vectors, 16 * rm, s.scratch, 0, 16);
            return s.scratch;
        }
        long from = m.of(s);
        for (int i = 0; i < count; i++) s.scratch[i] = s.getInt(broadcast ? from : from + 4L * i);
        return s.scratch;
    }

    /** Writes the result, and zeros beyond the vector. */
    private void write(ImitatedState s, int reg, boolean masked) {
        for (int i = 0; i < 16; i++) {
            if (i >= lanes) s.vectors[16 * reg + i] = 0;
            else if (!masked || chosen(s, i)) s.vectors[16 * reg + i] = s.result[i];
            else if (zeroes) s.vectors[16 * reg + i] = 0;
        }
    }

    private Meaning whole(int reg, int rm, Address m, int count, Whole what) {
        return s -> {
            what.write(s.vectors, 16 * second, last(s, rm, m, count), s.result);
            write(s, reg, true);
        };
    }

    private interface Quad {
        void write(int[] vectors, int a, int[] b, int quad, int[] to);
    }

    private Meaning quads(int reg, int rm, Address m, Quad what) {
        return whole(reg, rm, m, lanes, (v, a, b, to) -> { for (int q = 0; q < lanes; q += 4) what.write(v, a, b, q, to); });
    }

    private Meaning ints(int reg, int rm, Address m, Lane what) {
        return whole(reg, rm, m, lanes, (v, a, b, to) -> { for (int i = 0; i < lanes; i++) to[i] = what.of(v[a + i], b[i]); });
    }

    private Meaning floats(int reg, int rm, Address m, Floats what) {
        return ints(reg, rm, m, (a, b) -> Float.floatToRawIntBits(what.of(Float.intBitsToFloat(a), Float.intBitsToFloat(b))));
    }

    private Meaning fused(int reg, int rm, Address m, Fused what) {
        return whole(reg, rm, m, lanes, (v, a, b, to) -> {
            for (int i = 0; i < lanes; i++) {
                float old = Float.intBitsToFloat(v[16 * reg + i]);
                to[i] = Float.floatToRawIntBits(what.of(old, Float.intBitsToFloat(v[a + i]), Float.intBitsToFloat(b[i])));
            }
        });
    }

    private Meaning doubles(int reg, int rm, Address m, DoubleBinaryOperator what) {
        if (mask != 0 || broadcast || evex && w == 0) throw new UnsupportedOperationException();
        return whole(reg, rm, m, lanes, (v, a, b, to) -> {
            for (int i = 0; i < lanes / 2; i++) set(to, i, what.applyAsDouble(get(v, a, i), get(b, 0, i)));
        });
    }

    /** Elements that are not chosen are not read. */
    private Meaning load(int reg, int rm, Address m) {
        return s -> {
            long from = rm < 0 ? m.of(s) : 0;
            if (rm < 0 && key == 0x1028 && from % (4L * lanes) != 0) throw new IllegalStateException("an address is not aligned");
            for (int i = 0; i < lanes; i++) if (chosen(s, i)) s.result[i] = rm < 0 ? s.getInt(from + 4L * i) : s.vectors[16 * rm + i];
            write(s, reg, true);
        };
    }

    private Meaning store(int reg, int rm, Address m) {
        if (rm >= 0) throw new UnsupportedOperationException();
        return s -> {
            long to = m.of(s);
            if (key == 0x1029 && to % (4L * lanes) != 0) throw new IllegalStateException("an address is not aligned");
            for (int i = 0; i < lanes; i++) if (chosen(s, i)) s.setInt(to + 4L * i, s.vectors[16 * reg + i]);
        };
    }

    private Meaning spread(int reg, int rm, Address m) {
        return s -> {
            int value = rm < 0 ? s.getInt(m.of(s)) : s.vectors[16 * rm];
            for (int i = 0; i < lanes; i++) s.result[i] = value;
            write(s, reg, true);
        };
    }

    private Meaning fromGeneral(int reg, int rm) {
        return s -> {
            Arrays.fill(s.result, 0);
            s.result[0] = (int) s.general[rm];
            if (w == 1) s.result[1] = (int) (s.general[rm] >> 32);
            write(s, reg, false);
        };
    }

    /** A masked load or store without EVEX. */
    private Meaning masked(int reg, Address m) {
        return s -> {
            long at = m.of(s);
            for (int i = 0; i < lanes; i++) {
                boolean here = s.vectors[16 * second + i] < 0;
                if (key == 0x212c) s.result[i] = here ? s.getInt(at + 4L * i) : 0;
                else if (here) s.setInt(at + 4L * i, s.vectors[16 * reg + i]);
            }
            if (key == 0x212c) write(s, reg, false);
        };
    }

    private Meaning shift(int which, int rm, int bits) {
        int from = 16 * rm;
        if (rm < 0 || (which & 7) != 6 && (which & 7) != 4) throw new UnsupportedOperationException();
        return s -> {
            for (int i = 0; i < lanes; i++) s.result[i] = (which & 7) == 6 ? s.vectors[from + i] << bits : s.vectors[from + i] >> bits;
            write(s, second, true);
        };
    }

    private Meaning compare(int reg, int rm, Address m, int number) {
        if (number > 1) throw new UnsupportedOperationException(); // equal and less are known
        return s -> {
            int[] b = last(s, rm, m, lanes);
            long answers = 0;
            for (int i = 0; i < lanes; i++) {
                float x = Float.intBitsToFloat(s.vectors[16 * second + i]), y = Float.intBitsToFloat(b[i]);
                boolean yes = number == 0 ? x == y : x < y;
                s.result[i] = yes ? -1 : 0;
                if (yes && chosen(s, i)) answers |= 1L << i;
            }
            if (evex) s.masks[reg] = answers;
            else write(s, reg, false);
        };
    }
}
