package dev.faithdiff.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import dev.faithdiff.kernels.CpuBackend;
import dev.faithdiff.kernels.lab.Case;
import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Storage;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * Kernels read nothing beside their operands, since the last tensor of a mapped file may end where memory ends: in all cases, with each operand and
 * the result at the end of memory, and at its beginning. A kernel that does otherwise ends the process, so this is another one.
 */
@Tag("process") @EnabledOnOs(OS.LINUX)
class PageEndTest {
    private static final long PAGE = 4096, ROOM = 8 << 20; // bytes; those of an operand

    @Test void kernelsReadAndWriteNothingBesideTheirOperands() throws Exception {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of("--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-XX:-CreateCoredumpOnCrash", "-cp",
                System.getProperty("java.class.path"), PageEndTest.class.getName()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        List<String> lines = process.inputReader().readAllLines();
        assertThat(process.waitFor()).as(() -> String.join("\n", lines)).isZero();
        assertThat(Integer.parseInt(lines.getLast())).isGreaterThan(1000);
    }

    /** Prints the number of runs, or what went wrong. */
    public static void main(String[] args) {
        List<MemorySegment> rooms = new ArrayList<>();
        for (int i = 0; i < 8; i++) rooms.add(room());
        int runs = 0;
        for (Kernel<?> kernel : new CpuBackend().kernels()) for (Case c : Cases.parity(kernel.op())) runs += run(kernel, c, rooms);
        System.out.println(runs);
    }

    @SuppressWarnings("unchecked") private static <O extends Op> int run(Kernel<O> kernel, Case c, List<MemorySegment> rooms) {
        O op = (O) c.op();
        if (kernel.objection(op, c.outline()) != null) return 0;
        for (boolean end : new boolean[] {true, false}) {
            try (Scope _ = Scope.open()) {
                Tensor[] in = c.draw(Device.CPU);
                for (int i = 0; i < in.length; i++) in[i] = moved(in[i], rooms.get(i + 1), end);
                kernel.run(op, in, moved(Tensor.empty(Device.CPU, op.dtype(in), op.shape(in)), rooms.getFirst(), end));
            } catch (Throwable e) {
                throw new IllegalStateException(kernel.name() + " on " + c.name() + (end ? " at the end" : " at the beginning"), e);
            }
        }
        return 2;
    }

    private static Tensor moved(Tensor t, MemorySegment room, boolean end) {
        MemorySegment place = room.asSlice(end ? ROOM - t.bytes() : 0, t.bytes()).copyFrom(t.segment());
        return new Tensor(new Storage(Device.CPU, place.address(), place.byteSize(), place), 0, t.shape(), t.dtype(), null);
    }

    /** Memory between two pages that cannot be read. */
    private static MemorySegment room() {
        Linker linker = Linker.nativeLinker();
        FunctionDescriptor map = FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
        FunctionDescriptor protect = FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT);
        int privateAnonymous = 0x22, none = 0, readWrite = 3;
        try {
            long at = (long) linker.downcallHandle(linker.defaultLookup().findOrThrow("mmap"), map)
                    .invokeExact(0L, ROOM + 2 * PAGE, none, privateAnonymous, -1, 0L);
            int error = (int) linker.downcallHandle(linker.defaultLookup().findOrThrow("mprotect"), protect).invokeExact(at + PAGE, ROOM, readWrite);
            if (at == -1 || error != 0) throw new IllegalStateException("the system gives no memory");
            return MemorySegment.ofAddress(at + PAGE).reinterpret(ROOM);
        } catch (Throwable t) {
            throw new IllegalStateException(t);
        }
    }
}
