package dev.faithdiff.kernels.cpu.emit;

/** What the last operand of a vector instruction may be: a vector register or memory. */
public sealed interface RegisterOrMemory permits Simd, Mem {}
