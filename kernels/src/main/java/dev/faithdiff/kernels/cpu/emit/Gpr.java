package dev.faithdiff.kernels.cpu.emit;

/** The general registers of x86-64, 64 bits each, in the order of their numbers. */
public enum Gpr {
    RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15
}
