package dev.faithdiff.kernels.cpu.emit;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(value = {OS.LINUX, OS.MAC}, architectures = {"amd64", "x86_64"})
class CodeMemoryTest {
    @EnabledOnOs(OS.LINUX)
    @Test void codeIsNeverWritableAndExecutable() throws IOException {
        Assembler a = new Assembler();
        a.ret();
        long at = CodeMemory.of(a.toArray()).address();
        List<String> maps = Files.readAllLines(Path.of("/proc/self/maps"));
        assertThat(maps).filteredOn(l -> holds(l, at)).singleElement().asString().contains(" r-xp ");
    }

    private static boolean holds(String line, long address) {
        String[] range = line.substring(0, line.indexOf(' ')).split("-");
        return Long.parseUnsignedLong(range[0], 16) <= address && address < Long.parseUnsignedLong(range[1], 16);
    }

    /** A loop, a jump forward, arguments in registers and on the stack, and an array of the Java heap. */
    @Test void javaCallsWhatWasWritten() throws Throwable {
        Assembler a = new Assembler();
        Assembler.Label end = a.label();
        a.mov(Gpr.RAX, Mem.at(Gpr.RSP, 8)); // the seventh argument
        a.test(Gpr.RSI, Gpr.RSI);
        a.jump(Assembler.Condition.EQUAL, end);
        Assembler.Label next = a.here();
        a.mov(Gpr.R10, Mem.at(Gpr.RDI, Gpr.RSI, 8, -8));
        a.add(Gpr.RAX, Gpr.R10);
        a.sub(Gpr.RSI, 1);
        a.jump(Assembler.Condition.GREATER, next);
        a.bind(end);
        a.ret();
        var sum = Routine.handle("sum", a, FunctionDescriptor.of(JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
                JAVA_LONG));
        MemorySegment numbers = MemorySegment.ofArray(new long[] {1, 20, 300});
        assertThat((long) sum.invokeExact(numbers, 3L, 0L, 0L, 0L, 0L, 4000L)).isEqualTo(4321);
        assertThat((long) sum.invokeExact(numbers, 0L, 0L, 0L, 0L, 0L, 7L)).isEqualTo(7);
    }
}
