package dev.faithdiff.kernels.cpu.emit;

import static dev.faithdiff.kernels.cpu.emit.Gpr.R12;
import static dev.faithdiff.kernels.cpu.emit.Gpr.R13;
import static dev.faithdiff.kernels.cpu.emit.Gpr.R15;
import static dev.faithdiff.kernels.cpu.emit.Gpr.R8;
import static dev.faithdiff.kernels.cpu.emit.Gpr.R9;
import static dev.faithdiff.kernels.cpu.emit.Gpr.RAX;
import static dev.faithdiff.kernels.cpu.emit.Gpr.RBP;
import static dev.faithdiff.kernels.cpu.emit.Gpr.RBX;
import static dev.faithdiff.kernels.cpu.emit.Gpr.RCX;
import static dev.faithdiff.kernels.cpu.emit.Gpr.RDI;
import static dev.faithdiff.kernels.cpu.emit.Gpr.RSI;
import static dev.faithdiff.kernels.cpu.emit.Gpr.RSP;

import dev.faithdiff.kernels.cpu.emit.Assembler.Condition;
import dev.faithdiff.kernels.cpu.emit.Assembler.Label;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/** Every instruction of the assembler with registers and addresses of every kind: what a known assembler reads, and what ours is asked for. */
final class Listing {
    private static final int[] WIDTHS = {128, 256, 512};
    private static final int[][] NUMBERS = {{0, 1, 2}, {7, 9, 5}, {15, 8, 3}, {16, 17, 18}, {31, 30, 29}, {3, 20, 6}, {6, 12, 11}, {4, 5, 27},
            {24, 2, 1}};
    private static final Gpr[] BASES = {RAX, RSP, RBP, RDI, R8, R12, R13, R15}, INDEXES = {null, RCX, null, R9, RBP, null, R13, R12};
    private static final int[] OFFSETS = {0, 4, 32, -4, 64, 508, 512, -512, 8128, 8192, -8192, 63, 2624, 127, 128, -129, 16, 2032, 0, 4064, 100_000};

    private interface Unary { void write(Assembler to, Simd a, RegisterOrMemory b); }

    private interface Binary { void write(Assembler to, Simd a, Simd b, RegisterOrMemory c); }

    private interface Store { void write(Assembler to, Mem a, Simd b); }

    private final Map<String, Consumer<Assembler>> cases = new LinkedHashMap<>();
    private int turn;

    /** From the text in Intel's syntax to the calls. */
    static Map<String, Consumer<Assembler>> cases() {
        Listing l = new Listing();
        l.general();
        l.jumps();
        l.vectors();
        l.tiles();
        l.doubles();
        l.bytes();
        return l.cases;
    }

    /** Prints the texts, one a line. */
    public static void main(String[] args) { cases().keySet().forEach(System.out::println); }

    private void add(String text, Consumer<Assembler> call) { cases.put(text, call); }

    private void general() {
        for (Gpr a : Gpr.values()) {
            Gpr b = Gpr.values()[(a.ordinal() * 7 + 3) % 16];
            add("mov " + name(a) + ", " + name(b), s -> s.mov(a, b));
            add("add " + name(a) + ", " + name(b), s -> s.add(a, b));
            add("sub " + name(a) + ", " + name(b), s -> s.sub(a, b));
            add("cmp " + name(a) + ", " + name(b), s -> s.cmp(a, b));
            add("test " + name(a) + ", " + name(b), s -> s.test(a, b));
            add("push " + name(a), s -> s.push(a));
            add("pop " + name(a), s -> s.pop(a));
            for (int bits : new int[] {1, 2, 63}) {
                add("shl " + name(a) + ", " + bits, s -> s.shl(a, bits));
                add("shr " + name(a) + ", " + bits, s -> s.shr(a, bits));
            }
            for (int v : new int[] {1, -128, 127, 128, -129, 100_000, Integer.MIN_VALUE}) {
                add("mov " + name(a) + ", " + v, s -> s.mov(a, v));
                add("add " + name(a) + ", " + v, s -> s.add(a, v));
                add("sub " + name(a) + ", " + v, s -> s.sub(a, v));
                add("and " + name(a) + ", " + v, s -> s.and(a, v));
                add("cmp " + name(a) + ", " + v, s -> s.cmp(a, v));
            }
            long large = 0x123456789abcdefL;
            add("movabs " + name(a) + ", " + large, s -> s.mov(a, large));
            for (int k : new int[] {1, 7}) {
                add("kmovw k" + k + ", " + name(a, 32), s -> s.kmovw(k, a));
                add("kmovd k" + k + ", " + name(a, 32), s -> s.kmovd(k, a));
                add("kmovq k" + k + ", " + name(a), s -> s.kmovq(k, a));
            }
            for (int i = 0; i < 5; i++) {
                Mem m = next();
                add("mov " + name(a) + ", " + text(m, 64), s -> s.mov(a, m));
                add("mov " + text(m, 64) + ", " + name(a), s -> s.mov(m, a));
                add("mov " + name(a, 32) + ", " + text(m, 32), s -> s.movInt(a, m));
                add("mov " + text(m, 32) + ", " + name(a, 32), s -> s.movInt(m, a));
                add("lea " + name(a) + ", " + text(m, 64), s -> s.lea(a, m));
                add("prefetcht0 " + text(m, 8), s -> s.prefetch(m));
            }
        }
        add("ret", Assembler::ret);
        add("cpuid", Assembler::cpuid);
        add("xgetbv", Assembler::xgetbv);
        add("vzeroupper", Assembler::vzeroupper);
    }

    /** Back near and far, and forward. A known assembler shortens what it can, so it is told the width where ours does not look ahead. */
    private void jumps() {
        String[] names = {"jb", "jae", "je", "jne", "jl", "jge", "jle", "jg"};
        for (Condition c : Condition.values()) {
            String name = names[c.ordinal()];
            for (int adds : new int[] {1, 42, 43}) { // 126 bytes before a jump of two are the most for 8 bits
                add(".rept " + adds + "; add rbx, rcx; .endr; " + name + " .-" + 3 * adds, s -> {
                    Label back = s.here();
                    for (int i = 0; i < adds; i++) s.add(RBX, RCX);
                    s.jump(c, back);
                });
            }
            add(name + ".d32 1f; add rbx, rcx; 1:", s -> {
                Label forward = s.label();
                s.jump(c, forward);
                s.add(RBX, RCX);
                s.bind(forward);
            });
        }
        add("jmp .", s -> s.jmp(s.here()));
        add("jmp.d32 1f; jmp.d32 1f; add rbx, rcx; 1:", s -> {
            Label forward = s.label();
            s.jmp(forward);
            s.jmp(forward);
            s.add(RBX, RCX);
            s.bind(forward);
        });
        add(".rept 50; add rbx, rcx; .endr; jmp .-150", s -> {
            Label back = s.here();
            for (int i = 0; i < 50; i++) s.add(RBX, RCX);
            s.jmp(back);
        });
    }

    private void vectors() {
        both("vmovups", Assembler::vmovups, Assembler::vmovups);
        both("vmovaps", Assembler::vmovaps, Assembler::vmovaps);
        integers();
        unary("vbroadcastss", Assembler::vbroadcastss, 0);
        unary("vcvtph2ps", Assembler::vcvtph2ps, 2);
        unary("vpmovsxbd", Assembler::vpmovsxbd, 4);
        unary("vcvtdq2ps", Assembler::vcvtdq2ps, 1);
        unary("vpmovzxwd", Assembler::vpmovzxwd, 2);
        unary("vsqrtps", Assembler::vsqrtps, 1);
        binary("vfmadd132ps", Assembler::vfmadd132ps, true, true);
        binary("vfmadd213ps", Assembler::vfmadd213ps, true, true);
        binary("vfmadd231ps", Assembler::vfmadd231ps, true, true);
        binary("vandps", Assembler::vandps, true, true);
        binary("vorps", Assembler::vorps, true, true);
        binary("vxorps", Assembler::vxorps, true, true);
        binary("vaddps", Assembler::vaddps, true, true);
        binary("vsubps", Assembler::vsubps, true, true);
        binary("vmulps", Assembler::vmulps, true, true);
        binary("vdivps", Assembler::vdivps, true, true);
        binary("vminps", Assembler::vminps, true, true);
        binary("vmaxps", Assembler::vmaxps, true, true);
        binary("vpaddd", Assembler::vpaddd, true, true);
        binary("vpsubd", Assembler::vpsubd, true, true);
        binary("vunpcklps", Assembler::vunpcklps, true, true);
        binary("vunpckhps", Assembler::vunpckhps, true, true);
        binary("vdpbf16ps", Assembler::vdpbf16ps, true, true);
        binary("vcvtne2ps2bf16", Assembler::vcvtne2ps2bf16, true, true);
        binary("{evex} vpdpbusd", Assembler::vpdpbusd, true, true);
        binary("{vex} vpdpbusd", Assembler::vpdpbusdVex, false, false);
        narrowing();
        masks();
        choices();
        numbered();
    }

    private void both(String name, Unary load, Store store) {
        unary(name, load, 1);
        for (int width : WIDTHS) {
            for (int i = 0; i < 12; i++) {
                Simd from = new Simd(NUMBERS[i % NUMBERS.length][0], width, 0, false);
                Mem m = next();
                add(name + " " + text(m, width) + ", " + text(from), s -> store.write(s, m, from));
            }
        }
    }

    /** These have two names, by their encoding. */
    private void integers() {
        for (int width : WIDTHS) {
            for (int[] n : NUMBERS) {
                Simd a = new Simd(n[0], width, 0, false);
                Mem m = next();
                String name = width == 512 || n[0] > 15 ? "vmovdqu32 " : "vmovdqu ";
                add(name + text(a) + ", " + text(m, width), s -> s.vmovdqu(a, m));
                add(name + text(m, width) + ", " + text(a), s -> s.vmovdqu(m, a));
            }
        }
    }

    /** @param divisor the part of the width that is read; 0: one float */
    private void unary(String name, Unary call, int divisor) {
        for (int width : WIDTHS) {
            for (int[] n : NUMBERS) {
                Simd a = new Simd(n[0], width, 0, false), b = new Simd(n[1], divisor == 0 ? 128 : Math.max(128, width / divisor), 0, false);
                boolean stored = name.startsWith("vmov") && n[1] > 7 && n[0] < 8; // a known assembler takes the shorter form of a store then
                if (!stored) add(name + " " + text(a) + ", " + text(b), s -> call.write(s, a, b));
                for (int i = 0; i < 3; i++) {
                    Mem m = next();
                    add(name + " " + text(a) + ", " + text(m, divisor == 0 ? 32 : width / divisor), s -> call.write(s, a, m));
                }
            }
        }
    }

    private void binary(String name, Binary call, boolean high, boolean broadcasts) {
        for (int width : WIDTHS) {
            if (!high && width == 512) continue;
            for (int[] n : NUMBERS) {
                int mask = high ? 31 : 15;
                Simd a = new Simd(n[0] & mask, width, 0, false), b = new Simd(n[1] & mask, width, 0, false),
                        c = new Simd(n[2] & mask, width, 0, false);
                add(name + " " + text(a) + ", " + text(b) + ", " + text(c), s -> call.write(s, a, b, c));
                for (int i = 0; i < 3; i++) {
                    Mem m = next(), one = next().each();
                    add(name + " " + text(a) + ", " + text(b) + ", " + text(m, width), s -> call.write(s, a, b, m));
                    if (broadcasts) add(name + " " + text(a) + ", " + text(b) + ", " + text(one, width), s -> call.write(s, a, b, one));
                }
            }
        }
    }

    private void narrowing() {
        for (int width : WIDTHS) {
            for (int[] n : NUMBERS) {
                Simd a = new Simd(n[0], Math.max(128, width / 2), 0, false), b = new Simd(n[1], width, 0, false);
                Mem m = next(), one = next().each();
                add("vcvtneps2bf16 " + text(a) + ", " + text(b), s -> s.vcvtneps2bf16(a, b, width));
                add("vcvtneps2bf16 " + text(a) + ", " + text(m, width), s -> s.vcvtneps2bf16(a, m, width));
                add("vcvtneps2bf16 " + text(a) + ", " + text(one, width), s -> s.vcvtneps2bf16(a, one, width));
            }
        }
    }

    private void masks() {
        for (int k = 1; k < 8; k++) {
            for (int width : WIDTHS) {
                int mask = k;
                Simd plain = new Simd(3 * k, width, 0, false), kept = plain.masked(k), zeroed = plain.zeroed(k);
                Mem m = next();
                add("vmovups " + text(kept) + ", " + text(m, width), s -> s.vmovups(kept, m));
                add("vmovups " + text(zeroed) + ", " + text(m, width), s -> s.vmovups(zeroed, m));
                add("vmovups " + text(m, width) + "{k" + k + "}, " + text(plain), s -> s.vmovups(m, mask, plain));
                add("vmovdqu32 " + text(m, width) + "{k" + k + "}, " + text(plain), s -> s.vmovdqu(m, kept));
                add("vfmadd231ps " + text(kept) + ", " + text(plain) + ", " + text(m, width), s -> s.vfmadd231ps(kept, plain, m));
                add("vaddps " + text(zeroed) + ", " + text(plain) + ", " + text(m.each(), width), s -> s.vaddps(zeroed, plain, m.each()));
                add("vcvtph2ps " + text(zeroed) + ", " + text(m, width / 2), s -> s.vcvtph2ps(zeroed, m));
            }
        }
    }

    /** Comparisons, and what chooses by their answers. */
    private void choices() {
        for (int width : WIDTHS) {
            for (int[] n : NUMBERS) {
                Simd a = new Simd(n[0], width, 0, false), b = new Simd(n[1], width, 0, false), c = new Simd(n[2], width, 0, false);
                int k = 1 + n[1] % 7;
                Mem m = next();
                add("vblendmps " + text(a.masked(k)) + ", " + text(b) + ", " + text(c), s -> s.vblendmps(a.masked(k), b, c));
                add("vblendmps " + text(a.masked(k)) + ", " + text(b) + ", " + text(m, width), s -> s.vblendmps(a.masked(k), b, m));
                add("vpmovd2m k" + k + ", " + text(b), s -> s.vpmovd2m(k, b));
                if (width == 512) add("vcmpps k" + k + ", " + text(b) + ", " + text(c) + ", 1", s -> s.vcmpps(k, b, c, 1));
                if (width == 512) add("vcmpps k" + k + ", " + text(b) + ", " + text(m, width) + ", 14", s -> s.vcmpps(k, b, m, 14));
                if (width == 512 || n[0] > 15 || n[1] > 15 || n[2] > 15) continue;
                add("vcmpps " + text(a) + ", " + text(b) + ", " + text(c) + ", 0", s -> s.vcmpps(a, b, c, 0));
                add("vcmpps " + text(a) + ", " + text(b) + ", " + text(m, width) + ", 1", s -> s.vcmpps(a, b, m, 1));
                add("vblendvps " + text(a) + ", " + text(b) + ", " + text(m, width) + ", " + text(c), s -> s.vblendvps(a, b, m, c));
                add("vmaskmovps " + text(a) + ", " + text(b) + ", " + text(m, width), s -> s.vmaskmovps(a, b, m));
                add("vmaskmovps " + text(m, width) + ", " + text(b) + ", " + text(c), s -> s.vmaskmovps(m, b, c));
            }
        }
        for (Gpr g : Gpr.values()) add("vmovd xmm" + (31 - g.ordinal()) + ", " + name(g, 32), s -> s.vmovd(Simd.ymm(31 - g.ordinal()), g));
        for (Gpr g : Gpr.values()) add("vmovd xmm" + g.ordinal() + ", " + name(g, 32), s -> s.vmovd(Simd.ymm(g.ordinal()), g));
    }

    /** Shifts and shuffles, with a number at the end. */
    private void numbered() {
        for (int width : WIDTHS) {
            for (int[] n : NUMBERS) {
                Simd a = new Simd(n[0], width, 0, false), b = new Simd(n[1], width, 0, false), c = new Simd(n[2], width, 0, false);
                int number = 11 * n[2] & 31;
                Mem m = next();
                add("vpslld " + text(a) + ", " + text(b) + ", " + number, s -> s.vpslld(a, b, number));
                add("vpsrad " + text(a) + ", " + text(b) + ", " + number, s -> s.vpsrad(a, b, number));
                add("vpermilps " + text(a) + ", " + text(b) + ", " + number, s -> s.vpermilps(a, b, number));
                add("vpermilps " + text(a) + ", " + text(m, width) + ", " + number, s -> s.vpermilps(a, m, number));
                add("vshufps " + text(a) + ", " + text(b) + ", " + text(c) + ", " + number, s -> s.vshufps(a, b, c, number));
                add("vshufps " + text(a) + ", " + text(b) + ", " + text(m, width) + ", " + number, s -> s.vshufps(a, b, m, number));
                if (width > 128) {
                    add("vshuff32x4 " + text(a) + ", " + text(b) + ", " + text(m, width) + ", " + number, s -> s.vshuff32x4(a, b, m, number));
                }
                if (width != 256 || n[0] > 15 || n[1] > 15 || n[2] > 15) continue;
                add("vperm2f128 " + text(a) + ", " + text(b) + ", " + text(c) + ", " + number, s -> s.vperm2f128(a, b, c, number));
                add("vperm2f128 " + text(a) + ", " + text(b) + ", " + text(m, width) + ", " + number, s -> s.vperm2f128(a, b, m, number));
            }
        }
    }

    private void tiles() {
        add("tilerelease", Assembler::tilerelease);
        for (int t = 0; t < 8; t++) {
            int a = t, b = (t + 3) % 8, c = (5 * t + 1) % 8;
            add("tilezero tmm" + a, s -> s.tilezero(a));
            if (a != b && b != c && a != c) {
                add("tdpbf16ps tmm" + a + ", tmm" + b + ", tmm" + c, s -> s.tdpbf16ps(a, b, c));
                add("tdpbssd tmm" + a + ", tmm" + b + ", tmm" + c, s -> s.tdpbssd(a, b, c));
            }
            for (int i = 0; i < 4; i++) {
                Mem m = next();
                Mem rows = Mem.at(m.base(), m.index() == null ? RSI : m.index(), m.scale(), m.offset());
                add("ldtilecfg " + text(m, 0), s -> s.ldtilecfg(m));
                add("tileloadd tmm" + a + ", " + text(rows, 0), s -> s.tileloadd(a, rows));
                add("tilestored " + text(rows, 0) + ", tmm" + a, s -> s.tilestored(rows, a));
            }
        }
    }

    private void doubles() {
        binary("vaddpd", Assembler::vaddpd, true, false);
        binary("vmulpd", Assembler::vmulpd, true, false);
        binary("vdivpd", Assembler::vdivpd, true, false);
        unary("vsqrtpd", Assembler::vsqrtpd, 1);
        unary("vcvtps2pd", Assembler::vcvtps2pd, 2);
        for (int width : WIDTHS) {
            for (int[] n : NUMBERS) {
                Simd a = new Simd(n[0], Math.max(128, width / 2), 0, false), b = new Simd(n[1], width, 0, false), one = Simd.xmm(n[2]);
                add("vcvtpd2ps " + text(a) + ", " + text(b), s -> s.vcvtpd2ps(a, b));
                if (width > 128) add("vbroadcastsd " + text(b) + ", " + text(one), s -> s.vbroadcastsd(b, one));
            }
        }
        for (Gpr g : Gpr.values()) add("vmovq xmm" + (31 - g.ordinal()) + ", " + name(g), s -> s.vmovq(Simd.ymm(31 - g.ordinal()), g));
        for (Gpr g : Gpr.values()) add("vmovq xmm" + g.ordinal() + ", " + name(g), s -> s.vmovq(Simd.ymm(g.ordinal()), g));
    }

    /** What makes bytes of ints, and multiplies them. */
    private void bytes() {
        binary("vpmaxsd", Assembler::vpmaxsd, true, true);
        binary("vpackssdw", Assembler::vpackssdw, true, true);
        binary("vpacksswb", Assembler::vpacksswb, true, false);
        binary("vpmaddubsw", Assembler::vpmaddubsw, true, false);
        binary("vpmaddwd", Assembler::vpmaddwd, true, false);
        binary("vpaddw", Assembler::vpaddw, true, false);
        binary("vpsignb", Assembler::vpsignb, false, false);
        unary("vpabsb", Assembler::vpabsb, 1);
        for (int width : new int[] {256, 512}) {
            for (int[] n : NUMBERS) {
                Simd a = new Simd(n[0], width, 0, false), b = new Simd(n[1], width, 0, false), c = new Simd(n[2], width, 0, false);
                Mem m = next();
                add("vpermd " + text(a) + ", " + text(b) + ", " + text(c), s -> s.vpermd(a, b, c));
                add("vpermd " + text(a) + ", " + text(b) + ", " + text(m, width), s -> s.vpermd(a, b, m));
            }
        }
    }

    /** The next of many addresses. */
    private Mem next() {
        int i = turn++;
        Gpr index = INDEXES[i / 3 % INDEXES.length];
        return Mem.at(BASES[i % BASES.length], index, index == null ? 1 : 1 << i / 5 % 4, OFFSETS[i % OFFSETS.length]);
    }

    private static String name(Gpr g) { return g.name().toLowerCase(Locale.ROOT); }

    private static String name(Gpr g, int bits) { return bits == 64 ? name(g) : g.ordinal() > 7 ? name(g) + "d" : "e" + name(g).substring(1); }

    private static String text(Simd s) {
        String name = (s.bits() == 512 ? "zmm" : s.bits() == 256 ? "ymm" : "xmm") + s.number();
        return name + (s.mask() > 0 ? "{k" + s.mask() + "}" : "") + (s.zeroes() ? "{z}" : "");
    }

    private static String text(Mem m, int bits) {
        String size = switch (m.broadcast() ? 32 : bits) {
            case 8 -> "byte ptr ";
            case 32 -> "dword ptr ";
            case 64 -> "qword ptr ";
            case 128 -> "xmmword ptr ";
            case 256 -> "ymmword ptr ";
            case 512 -> "zmmword ptr ";
            default -> "";
        };
        String index = m.index() == null ? "" : "+" + name(m.index()) + "*" + m.scale();
        return size + "[" + name(m.base()) + index + (m.offset() < 0 ? "" : "+") + m.offset() + "]" + (m.broadcast() ? "{1to" + bits / 32 + "}" : "");
    }
}
