package dev.faithdiff.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Element types: their size, their name in safetensors files, and exact scalar conversion to and from {@code float}.
 *
 * <p>Narrowing rounds to nearest, ties to even; F16 and BF16 overflow to infinity, F8_E4M3 saturates at 448 and keeps NaN,
 * integers truncate toward zero. The engine computes in F32, F16 and BF16; F8_E4M3 stores weights; I32 and I64 hold indices;
 * the others are read from files and cast.
 */
public enum DType {
    F32(4, true) {
        @Override public float get(MemorySegment s, long at) { return s.get(FLOAT, at); }
        @Override public void set(MemorySegment s, long at, float v) { s.set(FLOAT, at, v); }
    },
    F16(2, true) {
        @Override public float get(MemorySegment s, long at) { return Float.float16ToFloat(s.get(SHORT, at)); }
        @Override public void set(MemorySegment s, long at, float v) { s.set(SHORT, at, Float.floatToFloat16(v)); }
    },
    BF16(2, true) {
        @Override public float get(MemorySegment s, long at) { return bf16ToFloat(s.get(SHORT, at)); }
        @Override public void set(MemorySegment s, long at, float v) { s.set(SHORT, at, floatToBf16(v)); }
    },
    F8_E4M3(1, true) {
        @Override public float get(MemorySegment s, long at) { return f8ToFloat(s.get(BYTE, at)); }
        @Override public void set(MemorySegment s, long at, float v) { s.set(BYTE, at, floatToF8(v)); }
    },
    F8_E5M2(1, true) {
        @Override public float get(MemorySegment s, long at) { return Float.float16ToFloat((short) (s.get(BYTE, at) << 8)); }
        @Override public void set(MemorySegment s, long at, float v) { throw readOnly(); }
    },
    F64(8, true) {
        @Override public float get(MemorySegment s, long at) { return (float) s.get(DOUBLE, at); }
        @Override public void set(MemorySegment s, long at, float v) { s.set(DOUBLE, at, v); }
    },
    I64(8, false) {
        @Override public float get(MemorySegment s, long at) { return s.get(LONG, at); }
        @Override public void set(MemorySegment s, long at, float v) { s.set(LONG, at, (long) v); }
        @Override public long getLong(MemorySegment s, long at) { return s.get(LONG, at); }
    },
    I32(4, false) {
        @Override public float get(MemorySegment s, long at) { return s.get(INT, at); }
        @Override public void set(MemorySegment s, long at, float v) { s.set(INT, at, (int) v); }
        @Override public long getLong(MemorySegment s, long at) { return s.get(INT, at); }
    },
    I16(2, false) {
        @Override public float get(MemorySegment s, long at) { return s.get(SHORT, at); }
        @Override public void set(MemorySegment s, long at, float v) { s.set(SHORT, at, (short) v); }
        @Override public long getLong(MemorySegment s, long at) { return s.get(SHORT, at); }
    },
    I8(1, false) {
        @Override public float get(MemorySegment s, long at) { return s.get(BYTE, at); }
        @Override public void set(MemorySegment s, long at, float v) { s.set(BYTE, at, (byte) v); }
        @Override public long getLong(MemorySegment s, long at) { return s.get(BYTE, at); }
    },
    U8(1, false) {
        @Override public float get(MemorySegment s, long at) { return s.get(BYTE, at) & 0xff; }
        @Override public void set(MemorySegment s, long at, float v) { s.set(BYTE, at, (byte) (int) v); }
        @Override public long getLong(MemorySegment s, long at) { return s.get(BYTE, at) & 0xff; }
    },
    BOOL(1, false) {
        @Override public float get(MemorySegment s, long at) { return s.get(BYTE, at) == 0 ? 0 : 1; }
        @Override public void set(MemorySegment s, long at, float v) { s.set(BYTE, at, (byte) (v == 0 ? 0 : 1)); }
        @Override public long getLong(MemorySegment s, long at) { return s.get(BYTE, at) == 0 ? 0 : 1; }
    };

    /** Little-endian, unaligned views: what files hold and what the machines we run on use. */
    public static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    public static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    public static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    public static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    public static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    public static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

    private static final float[] F8 = new float[256];

    static {
        for (int bits = 0; bits < 256; bits++) F8[bits] = decodeF8(bits);
    }

    private final int bytes;
    private final boolean floating;

    DType(int bytes, boolean floating) {
        this.bytes = bytes;
        this.floating = floating;
    }

    /** Bytes of one element. */
    public int bytes() { return bytes; }

    /** True for the floating-point types, false for integers and BOOL. */
    public boolean isFloating() { return floating; }

    /** The element at byte offset {@code at} as a float. */
    public abstract float get(MemorySegment s, long at);

    /** Stores {@code v} at byte offset {@code at}, rounded to this type. */
    public abstract void set(MemorySegment s, long at, float v);

    /** The element at byte offset {@code at} of an integer type, exact. */
    public long getLong(MemorySegment s, long at) { return (long) get(s, at); }

    /** The value of BF16 bits, exact. */
    public static float bf16ToFloat(short bits) { return Float.intBitsToFloat(bits << 16); }

    /** Float to BF16 bits: nearest even, overflowing to infinity. */
    public static short floatToBf16(float v) {
        if (v != v) return 0x7fc0;
        int bits = Float.floatToRawIntBits(v);
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }

    /** The value of F8_E4M3 bits, exact. */
    public static float f8ToFloat(byte bits) { return F8[bits & 0xff]; }

    /** Float to F8_E4M3 (4 exponent bits, bias 7, no infinity): nearest even, saturating at 448. */
    public static byte floatToF8(float v) {
        int sign = Float.floatToRawIntBits(v) >>> 24 & 0x80;
        float a = Math.abs(v);
        if (a != a) return (byte) (sign | 0x7f);
        if (a >= 448) return (byte) (sign | 0x7e);
        if (a < 0x1p-6f) return (byte) (sign | (int) Math.rint(a * 0x1p9f)); // subnormals are multiples of 2^-9
        int bits = Float.floatToRawIntBits(a);
        int rounded = (bits + 0x7ffff + (bits >>> 20 & 1)) >>> 20;           // keeps 3 mantissa bits
        return (byte) (sign | Math.min(rounded - (127 - 7 << 3), 0x7e));
    }

    private static float decodeF8(int bits) {
        int exponent = bits >> 3 & 15, mantissa = bits & 7;
        float a = exponent == 15 && mantissa == 7 ? Float.NaN
                : exponent == 0 ? mantissa * 0x1p-9f
                : (8 + mantissa) * (float) Math.pow(2, exponent - 10);
        return (bits & 0x80) == 0 ? a : -a;
    }

    private static UnsupportedOperationException readOnly() {
        return new UnsupportedOperationException("F8_E5M2 is read from files only; cast to F16 or F8_E4M3");
    }
}
