package dev.faithdiff.kernels.cpu.emit;

import dev.faithdiff.kernels.cpu.emit.MachineCode.Form;
import dev.faithdiff.kernels.cpu.emit.MachineCode.Prefix;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes x86-64 machine code: the instructions that kernels need, under the names and with the order of operands of Intel's manual.
 *
 * <p>General registers are used whole, so results have 64 bits. Vector instructions work on the width of their registers.
 */
public final class Assembler {
    /** The condition of a jump, after a comparison of two numbers. */
    public enum Condition {
        BELOW(2), NOT_BELOW(3), EQUAL(4), NOT_EQUAL(5), LESS(12), NOT_LESS(13), NOT_GREATER(14), GREATER(15);

        private final int code;

        Condition(int code) { this.code = code; }
    }

    /** A place in the code, bound once, and the jumps to it that were written before. */
    public static final class Label {
        int at = -1;
        final List<Integer> jumps = new ArrayList<>();

        private Label() {}
    }

    private static final int NONE = 0, P66 = 1, PF3 = 2, PF2 = 3, MAP_0F = 1, MAP_0F38 = 2, MAP_0F3A = 3;

    private static final Form LOAD = either(NONE, MAP_0F, 0x10, 1), STORE = either(NONE, MAP_0F, 0x11, 1);
    private static final Form LOAD_ALIGNED = either(NONE, MAP_0F, 0x28, 1), STORE_ALIGNED = either(NONE, MAP_0F, 0x29, 1);
    private static final Form LOAD_INTS = either(PF3, MAP_0F, 0x6f, 1), STORE_INTS = either(PF3, MAP_0F, 0x7f, 1);
    private static final Form BROADCAST = either(P66, MAP_0F38, 0x18, 0), FROM_GENERAL = either(P66, MAP_0F, 0x6e, 0);
    private static final Form STORE_ONE = either(PF3, MAP_0F, 0x11, 0);
    private static final Form MASKED_LOAD = vex(P66, 0x2c), MASKED_STORE = vex(P66, 0x2e), SIGNS = evex(PF3, 0x39);
    private static final Form FMA_132 = either(P66, MAP_0F38, 0x98, 1), FMA_213 = either(P66, MAP_0F38, 0xa8, 1);
    private static final Form FMA = either(P66, MAP_0F38, 0xb8, 1);
    private static final Form SQRT = either(NONE, MAP_0F, 0x51, 1), AND = either(NONE, MAP_0F, 0x54, 1), OR = either(NONE, MAP_0F, 0x56, 1);
    private static final Form XOR = either(NONE, MAP_0F, 0x57, 1), ADD = either(NONE, MAP_0F, 0x58, 1), MUL = either(NONE, MAP_0F, 0x59, 1);
    private static final Form SUB = either(NONE, MAP_0F, 0x5c, 1), MIN = either(NONE, MAP_0F, 0x5d, 1), DIV = either(NONE, MAP_0F, 0x5e, 1);
    private static final Form MAX = either(NONE, MAP_0F, 0x5f, 1), COMPARE = either(NONE, MAP_0F, 0xc2, 1);
    private static final Form BLEND = new Form(Prefix.VEX, P66, MAP_0F3A, 0, 0x4a, 1), BLEND_MASKED = evex(P66, 0x65);
    private static final Form ADD_INTS = either(P66, MAP_0F, 0xfe, 1), SUB_INTS = either(P66, MAP_0F, 0xfa, 1), SHIFT = either(P66, MAP_0F, 0x72, 1);
    private static final Form MAX_INTS = either(P66, MAP_0F38, 0x3d, 1), ORDER = either(P66, MAP_0F38, 0x36, 1);
    private static final Form PACK_TO_SHORTS = either(P66, MAP_0F, 0x6b, 1), PACK_TO_BYTES = either(P66, MAP_0F, 0x63, 1);
    private static final Form MUL_BYTES = either(P66, MAP_0F38, 0x04, 1), MUL_SHORTS = either(P66, MAP_0F, 0xf5, 1);
    private static final Form ADD_SHORTS = either(P66, MAP_0F, 0xfd, 1), ABS_BYTES = either(P66, MAP_0F38, 0x1c, 1), SIGN_BYTES = vex(P66, 0x08);
    private static final Form UNPACK_LOW = either(NONE, MAP_0F, 0x14, 1), UNPACK_HIGH = either(NONE, MAP_0F, 0x15, 1);
    private static final Form SHUFFLE = either(NONE, MAP_0F, 0xc6, 1), PERMUTE = either(P66, MAP_0F3A, 0x04, 1);
    private static final Form PERMUTE_HALVES = new Form(Prefix.VEX, P66, MAP_0F3A, 0, 0x06, 1);
    private static final Form SHUFFLE_QUARTERS = new Form(Prefix.EVEX, P66, MAP_0F3A, 0, 0x23, 1);
    private static final Form SHORT_TO_INT = either(P66, MAP_0F38, 0x33, 2);
    private static final Form HALF_TO_FLOAT = either(P66, MAP_0F38, 0x13, 2), BYTE_TO_INT = either(P66, MAP_0F38, 0x21, 4);
    private static final Form INT_TO_FLOAT = either(NONE, MAP_0F, 0x5b, 1);
    private static final Form SQRT_DOUBLES = doubles(MAP_0F, 0x51), ADD_DOUBLES = doubles(MAP_0F, 0x58), MUL_DOUBLES = doubles(MAP_0F, 0x59);
    private static final Form DIV_DOUBLES = doubles(MAP_0F, 0x5e), DOUBLE_TO_FLOAT = doubles(MAP_0F, 0x5a);
    private static final Form FLOAT_TO_DOUBLE = either(NONE, MAP_0F, 0x5a, 2);
    private static final Form BROADCAST_DOUBLE = doubles(MAP_0F38, 0x19), FROM_GENERAL_WIDE = new Form(Prefix.EITHER, P66, MAP_0F, 1, 0x6e, 0);
    private static final Form DOT_BF16 = evex(PF3, 0x52), TWO_TO_BF16 = evex(PF2, 0x72), TO_BF16 = evex(PF3, 0x72);
    private static final Form DOT_BYTES = evex(P66, 0x50), DOT_BYTES_VEX = vex(P66, 0x50);
    private static final Form TILE_CONFIG = vex(NONE, 0x49), TILE_ZERO = vex(PF2, 0x49), TILE_LOAD = vex(PF2, 0x4b), TILE_STORE = vex(PF3, 0x4b);
    private static final Form TILE_DOT_BF16 = vex(PF3, 0x5c), TILE_DOT_BYTES = vex(PF2, 0x5e);

    private final MachineCode code = new MachineCode();

    private static Form either(int pp, int map, int opcode, int divisor) { return new Form(Prefix.EITHER, pp, map, 0, opcode, divisor); }

    private static Form doubles(int map, int opcode) { return new Form(Prefix.EITHER, P66, map, Form.W_OF_EVEX, opcode, 1); }

    private static Form evex(int pp, int opcode) { return new Form(Prefix.EVEX, pp, MAP_0F38, 0, opcode, 1); }

    private static Form vex(int pp, int opcode) { return new Form(Prefix.VEX, pp, MAP_0F38, 0, opcode, 1); }

    /** The code written so far. */
    public byte[] toArray() { return code.toArray(); }

    // Labels and jumps

    /** A label for jumps forward; {@link #bind} gives it its place. */
    public Label label() { return new Label(); }

    /** A label here, for jumps back. */
    public Label here() {
        Label label = new Label();
        bind(label);
        return label;
    }

    public void bind(Label label) { code.bind(label); }

    public void jmp(Label to) { code.jump(to, 0xeb, 0xe9); }

    public void jump(Condition when, Label to) { code.jump(to, 0x70 | when.code, 0x0f, 0x80 | when.code); }

    public void ret() { code.bytes(0xc3); }

    // General registers

    public void mov(Gpr to, Gpr from) { code.general(true, from.ordinal(), to.ordinal(), 0x89); }

    public void mov(Gpr to, long value) {
        if (value == (int) value) {
            code.general(true, 0, to.ordinal(), 0xc7);
            code.int32((int) value);
        } else {
            code.bytes(0x48 | to.ordinal() >> 3, 0xb8 | to.ordinal() & 7);
            code.int64(value);
        }
    }

    public void mov(Gpr to, Mem from) { code.general(true, to.ordinal(), from, 0x8b); }

    public void mov(Mem to, Gpr from) { code.general(true, from.ordinal(), to, 0x89); }

    /** Stores the lower 32 bits. */
    public void movInt(Mem to, Gpr from) { code.general(false, from.ordinal(), to, 0x89); }

    /** Loads 32 bits; the upper ones become zero. */
    public void movInt(Gpr to, Mem from) { code.general(false, to.ordinal(), from, 0x8b); }

    public void lea(Gpr to, Mem address) { code.general(true, to.ordinal(), address, 0x8d); }

    public void add(Gpr to, Gpr from) { code.general(true, from.ordinal(), to.ordinal(), 0x01); }

    public void add(Gpr to, int value) { arithmetic(0, to, value); }

    public void sub(Gpr to, Gpr from) { code.general(true, from.ordinal(), to.ordinal(), 0x29); }

    public void sub(Gpr to, int value) { arithmetic(5, to, value); }

    public void and(Gpr to, int value) { arithmetic(4, to, value); }

    public void cmp(Gpr a, Gpr b) { code.general(true, b.ordinal(), a.ordinal(), 0x39); }

    public void cmp(Gpr a, int value) { arithmetic(7, a, value); }

    /** Sets the conditions of a comparison of {@code a & b} with zero. */
    public void test(Gpr a, Gpr b) { code.general(true, b.ordinal(), a.ordinal(), 0x85); }

    public void shl(Gpr to, int bits) { shift(4, to, bits); }

    public void shr(Gpr to, int bits) { shift(5, to, bits); }

    public void push(Gpr from) { stack(0x50, from); }

    public void pop(Gpr to) { stack(0x58, to); }

    private void arithmetic(int which, Gpr to, int value) {
        if (value == (byte) value) {
            code.general(true, which, to.ordinal(), 0x83);
            code.bytes(value);
            return;
        }
        if (to == Gpr.RAX) code.bytes(0x48, which << 3 | 5);
        else code.general(true, which, to.ordinal(), 0x81);
        code.int32(value);
    }

    private void shift(int which, Gpr to, int bits) {
        code.general(true, which, to.ordinal(), bits == 1 ? 0xd1 : 0xc1);
        if (bits != 1) code.bytes(bits);
    }

    private void stack(int opcode, Gpr register) {
        if (register.ordinal() > 7) code.bytes(0x41);
        code.bytes(opcode | register.ordinal() & 7);
    }

    /** Facts about the processor: takes RAX and RCX, gives RAX, RBX, RCX and RDX. */
    public void cpuid() { code.bytes(0x0f, 0xa2); }

    /** The register states that the system keeps: takes RCX, gives RDX and RAX. */
    public void xgetbv() { code.bytes(0x0f, 0x01, 0xd0); }

    /** Brings a line of memory into all caches. */
    public void prefetch(Mem line) { code.general(false, 1, line, 0x0f, 0x18); }

    // Opmask registers, 0 to 7

    /** Sets an opmask of 16 bits. */
    public void kmovw(int k, Gpr from) { opmask(NONE, 0, k, from); }

    /** Sets an opmask of 32 bits. */
    public void kmovd(int k, Gpr from) { opmask(PF2, 0, k, from); }

    /** Sets an opmask of 64 bits. */
    public void kmovq(int k, Gpr from) { opmask(PF2, 1, k, from); }

    private void opmask(int pp, int w, int k, Gpr from) { raw(new Form(Prefix.VEX, pp, MAP_0F, w, 0x92, 1), k, 0, from.ordinal()); }

    // Vectors of floats

    public void vmovups(Simd to, RegisterOrMemory from) { unary(LOAD, to, from); }

    public void vmovups(Mem to, Simd from) { store(STORE, to, from); }

    /** Stores the elements that are set in opmask register {@code k}. */
    public void vmovups(Mem to, int k, Simd from) { store(STORE, to, from.masked(k)); }

    public void vmovaps(Simd to, RegisterOrMemory from) { unary(LOAD_ALIGNED, to, from); }

    public void vmovaps(Mem to, Simd from) { store(STORE_ALIGNED, to, from); }

    /** Loads bits of any kind (vmovdqu32 where it has a mask or needs EVEX). */
    public void vmovdqu(Simd to, RegisterOrMemory from) { unary(LOAD_INTS, to, from); }

    public void vmovdqu(Mem to, Simd from) { store(STORE_INTS, to, from); }

    /** One float for each element; from a register, its lowest. */
    public void vbroadcastss(Simd to, RegisterOrMemory from) { unary(BROADCAST, to, from); }

    /** The lower 32 bits of a general register, in the lowest element; the others become zero. */
    public void vmovd(Simd to, Gpr from) { code.simd(FROM_GENERAL, Simd.xmm(to.number()), to.number(), 0, Simd.xmm(from.ordinal())); }

    /** Stores the lowest element. */
    public void vmovss(Mem to, Simd from) { code.simd(STORE_ONE, Simd.xmm(from.number()), from.number(), 0, to); }

    /** Loads the elements whose highest bit is set in {@code mask}, zero for the others; without EVEX. */
    public void vmaskmovps(Simd to, Simd mask, Mem from) { binary(MASKED_LOAD, to, mask, from); }

    /** Stores the elements whose highest bit is set in {@code mask}; without EVEX. */
    public void vmaskmovps(Mem to, Simd mask, Simd from) { binary(MASKED_STORE, from, mask, to); }

    /** Sets an opmask register from the highest bit of each element. */
    public void vpmovd2m(int k, Simd from) { code.simd(SIGNS, from, k, 0, from); }

    /** to = to * b + a, rounded once. */
    public void vfmadd132ps(Simd to, Simd a, RegisterOrMemory b) { binary(FMA_132, to, a, b); }

    /** to = a * to + b, rounded once. */
    public void vfmadd213ps(Simd to, Simd a, RegisterOrMemory b) { binary(FMA_213, to, a, b); }

    /** to += a * b, rounded once. */
    public void vfmadd231ps(Simd to, Simd a, RegisterOrMemory b) { binary(FMA, to, a, b); }

    public void vsqrtps(Simd to, RegisterOrMemory from) { unary(SQRT, to, from); }

    public void vandps(Simd to, Simd a, RegisterOrMemory b) { binary(AND, to, a, b); }

    public void vorps(Simd to, Simd a, RegisterOrMemory b) { binary(OR, to, a, b); }

    public void vxorps(Simd to, Simd a, RegisterOrMemory b) { binary(XOR, to, a, b); }

    public void vaddps(Simd to, Simd a, RegisterOrMemory b) { binary(ADD, to, a, b); }

    public void vsubps(Simd to, Simd a, RegisterOrMemory b) { binary(SUB, to, a, b); }

    public void vmulps(Simd to, Simd a, RegisterOrMemory b) { binary(MUL, to, a, b); }

    public void vdivps(Simd to, Simd a, RegisterOrMemory b) { binary(DIV, to, a, b); }

    /** {@code a < b ? a : b}; b where one is no number. */
    public void vminps(Simd to, Simd a, RegisterOrMemory b) { binary(MIN, to, a, b); }

    /** a > b ? a : b; b where one is no number. */
    public void vmaxps(Simd to, Simd a, RegisterOrMemory b) { binary(MAX, to, a, b); }

    /** All bits of each element: the answer to a comparison by the manual's number, such as 0 for equal and 1 for less; without EVEX. */
    public void vcmpps(Simd to, Simd a, RegisterOrMemory b, int comparison) {
        binary(COMPARE, to, a, b);
        code.bytes(comparison);
    }

    /** The same in an opmask register, for vectors of 512 bits. */
    public void vcmpps(int k, Simd a, RegisterOrMemory b, int comparison) {
        code.simd(COMPARE, a, k, a.number(), b);
        code.bytes(comparison);
    }

    /** b where the highest bit of {@code mask} is set, else a; without EVEX. */
    public void vblendvps(Simd to, Simd a, RegisterOrMemory b, Simd mask) {
        binary(BLEND, to, a, b);
        code.bytes(mask.number() << 4);
    }

    /** b where the destination's opmask is set, else a. */
    public void vblendmps(Simd to, Simd a, RegisterOrMemory b) { binary(BLEND_MASKED, to, a, b); }

    // Vectors of ints

    public void vpaddd(Simd to, Simd a, RegisterOrMemory b) { binary(ADD_INTS, to, a, b); }

    public void vpsubd(Simd to, Simd a, RegisterOrMemory b) { binary(SUB_INTS, to, a, b); }

    /** The greater of two signed ints. */
    public void vpmaxsd(Simd to, Simd a, RegisterOrMemory b) { binary(MAX_INTS, to, a, b); }

    /** Signed ints of a and then of b as signed shorts, the nearest that there are, within each 128 bits. */
    public void vpackssdw(Simd to, Simd a, RegisterOrMemory b) { binary(PACK_TO_SHORTS, to, a, b); }

    /** Signed shorts of a and then of b as signed bytes, the nearest that there are, within each 128 bits. */
    public void vpacksswb(Simd to, Simd a, RegisterOrMemory b) { binary(PACK_TO_BYTES, to, a, b); }

    /** The elements of 32 bits whose numbers {@code which} has; of 256 or 512 bits. */
    public void vpermd(Simd to, Simd which, RegisterOrMemory from) { binary(ORDER, to, which, from); }

    public void vpslld(Simd to, Simd from, int bits) { shift(6, to, from, bits); }

    public void vpsrad(Simd to, Simd from, int bits) { shift(4, to, from, bits); }

    private void shift(int which, Simd to, Simd from, int bits) {
        code.simd(SHIFT, to, which, to.number(), from);
        code.bytes(bits);
    }

    // Shuffles; within each 128 bits where not said otherwise

    /** a0 b0 a1 b1. */
    public void vunpcklps(Simd to, Simd a, RegisterOrMemory b) { binary(UNPACK_LOW, to, a, b); }

    /** a2 b2 a3 b3. */
    public void vunpckhps(Simd to, Simd a, RegisterOrMemory b) { binary(UNPACK_HIGH, to, a, b); }

    /** Two elements of a, then two of b, by the manual's pairs of bits. */
    public void vshufps(Simd to, Simd a, RegisterOrMemory b, int which) {
        binary(SHUFFLE, to, a, b);
        code.bytes(which);
    }

    /** Four elements, by the manual's pairs of bits. */
    public void vpermilps(Simd to, RegisterOrMemory from, int which) {
        unary(PERMUTE, to, from);
        code.bytes(which);
    }

    /** Two halves of 256 bits, each of a or of b, by the manual's groups of four bits. */
    public void vperm2f128(Simd to, Simd a, RegisterOrMemory b, int which) {
        binary(PERMUTE_HALVES, to, a, b);
        code.bytes(which);
    }

    /** Parts of 128 bits, the first half of them of a and the second of b, by the manual's pairs of bits; of 256 or 512 bits. */
    public void vshuff32x4(Simd to, Simd a, RegisterOrMemory b, int which) {
        binary(SHUFFLE_QUARTERS, to, a, b);
        code.bytes(which);
    }

    /** Clears the upper parts of all vector registers, so that older instructions do not wait for them. */
    public void vzeroupper() { code.bytes(0xc5, 0xf8, 0x77); }

    // Narrow numbers

    /** to += a0 * b0 + a1 * b1 for the two BF16 of each 32 bits; subnormal numbers count as zero. */
    public void vdpbf16ps(Simd to, Simd a, RegisterOrMemory b) { binary(DOT_BF16, to, a, b); }

    /** Floats of b and then of a, rounded to BF16. */
    public void vcvtne2ps2bf16(Simd to, Simd a, RegisterOrMemory b) { binary(TWO_TO_BF16, to, a, b); }

    /** Floats rounded to BF16, in half of the width of {@code width}, the register or the memory's vectors. */
    public void vcvtneps2bf16(Simd to, RegisterOrMemory from, int width) { code.simd(TO_BF16, wide(to, width), to.number(), 0, from); }

    /** to += the sum of the four products of unsigned bytes of a with signed ones of b, in 32 bits. */
    public void vpdpbusd(Simd to, Simd a, RegisterOrMemory b) { binary(DOT_BYTES, to, a, b); }

    /** The same in the encoding of AVX-VNNI, which processors without AVX-512 have. */
    public void vpdpbusdVex(Simd to, Simd a, RegisterOrMemory b) { binary(DOT_BYTES_VEX, to, a, b); }

    /** Products of unsigned bytes of a with signed ones of b, each two neighbours added, as signed shorts, the nearest that there are. */
    public void vpmaddubsw(Simd to, Simd a, RegisterOrMemory b) { binary(MUL_BYTES, to, a, b); }

    /** Products of signed shorts, each two neighbours added, as ints. */
    public void vpmaddwd(Simd to, Simd a, RegisterOrMemory b) { binary(MUL_SHORTS, to, a, b); }

    public void vpaddw(Simd to, Simd a, RegisterOrMemory b) { binary(ADD_SHORTS, to, a, b); }

    /** Magnitudes of signed bytes, unsigned. */
    public void vpabsb(Simd to, RegisterOrMemory from) { unary(ABS_BYTES, to, from); }

    /** Bytes of a times the signs of those of b, which are -1, 0 and 1; without EVEX. */
    public void vpsignb(Simd to, Simd a, RegisterOrMemory b) { binary(SIGN_BYTES, to, a, b); }

    /** F16 to floats, from half of the width. */
    public void vcvtph2ps(Simd to, RegisterOrMemory from) { unary(HALF_TO_FLOAT, to, from); }

    /** Signed bytes to ints, from a quarter of the width. */
    public void vpmovsxbd(Simd to, RegisterOrMemory from) { unary(BYTE_TO_INT, to, from); }

    /** Unsigned shorts to ints, from half of the width. */
    public void vpmovzxwd(Simd to, RegisterOrMemory from) { unary(SHORT_TO_INT, to, from); }

    /** Ints to floats. */
    public void vcvtdq2ps(Simd to, RegisterOrMemory from) { unary(INT_TO_FLOAT, to, from); }

    // Vectors of doubles

    public void vaddpd(Simd to, Simd a, RegisterOrMemory b) { binary(ADD_DOUBLES, to, a, b); }

    public void vmulpd(Simd to, Simd a, RegisterOrMemory b) { binary(MUL_DOUBLES, to, a, b); }

    public void vdivpd(Simd to, Simd a, RegisterOrMemory b) { binary(DIV_DOUBLES, to, a, b); }

    public void vsqrtpd(Simd to, RegisterOrMemory from) { unary(SQRT_DOUBLES, to, from); }

    /** Floats to doubles, from half of the width. */
    public void vcvtps2pd(Simd to, RegisterOrMemory from) { unary(FLOAT_TO_DOUBLE, to, from); }

    /** Doubles rounded to floats, in half of the width; the rest becomes zero. */
    public void vcvtpd2ps(Simd to, Simd from) { code.simd(DOUBLE_TO_FLOAT, wide(to, from.bits()), to.number(), 0, from); }

    /** The lowest double, in every element of at least 256 bits. */
    public void vbroadcastsd(Simd to, Simd from) { unary(BROADCAST_DOUBLE, to, from); }

    /** A general register, in the lowest 64 bits; the others become zero. */
    public void vmovq(Simd to, Gpr from) { code.simd(FROM_GENERAL_WIDE, Simd.xmm(to.number()), to.number(), 0, Simd.xmm(from.ordinal())); }

    private void unary(Form f, Simd to, RegisterOrMemory from) { code.simd(f, to, to.number(), 0, from); }

    private void store(Form f, Mem to, Simd from) { code.simd(f, from, from.number(), 0, to); }

    private void binary(Form f, Simd to, Simd a, RegisterOrMemory b) { code.simd(f, to, to.number(), a.number(), b); }

    private static Simd wide(Simd s, int bits) { return new Simd(s.number(), bits, s.mask(), s.zeroes()); }

    // Tiles (AMX), numbered 0 to 7: up to 16 rows of 64 bytes

    /** Sets the tiles' sizes from 64 bytes of memory. */
    public void ldtilecfg(Mem sizes) { tile(TILE_CONFIG, 0, sizes, false); }

    /** Gives the tiles up. */
    public void tilerelease() { raw(TILE_CONFIG, 0, 0, 0); }

    public void tilezero(int tile) { raw(TILE_ZERO, tile, 0, 0); }

    /** Loads rows that are as many bytes apart as the index register holds. */
    public void tileloadd(int tile, Mem rows) { tile(TILE_LOAD, tile, rows, true); }

    /** Stores rows that are as many bytes apart as the index register holds. */
    public void tilestored(Mem rows, int tile) { tile(TILE_STORE, tile, rows, true); }

    /** to += a b: rows of pairs of BF16 by pairs of rows, in floats. */
    public void tdpbf16ps(int to, int a, int b) { raw(TILE_DOT_BF16, to, b, a); }

    /** to += a b: rows of four signed bytes by four rows, in ints. */
    public void tdpbssd(int to, int a, int b) { raw(TILE_DOT_BYTES, to, b, a); }

    private void raw(Form f, int reg, int second, int rm) {
        code.vex(f, false, reg, second, 0, rm);
        code.bytes(f.opcode());
        code.registers(reg, rm);
    }

    private void tile(Form f, int reg, Mem m, boolean sib) {
        code.vex(f, false, reg, 0, m.index() == null ? 0 : m.index().ordinal(), m.base().ordinal());
        code.bytes(f.opcode());
        code.memory(reg, m, 1, sib || m.index() != null);
    }
}
