package dev.faithdiff.kernels.cpu.emit;

import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import java.util.Set;

/** A processor that is imitated, so that tests run code for instructions that this computer lacks. */
public interface ImitatedProcessor {
    /** The one of the class that {@code faithdiff.emit.processor} names; null: this computer's own runs emitted code. */
    ImitatedProcessor NAMED = imitated(System.getProperty("faithdiff.emit.processor"));

    /** What it has. */
    Set<CpuFeature> features();

    /** A handle that takes the address of code, and arguments of these types for it. */
    MethodHandle handle(FunctionDescriptor types);

    private static ImitatedProcessor imitated(String name) {
        if (name == null) return null;
        try {
            return (ImitatedProcessor) Class.forName(name).getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("faithdiff.emit.processor: " + name, e);
        }
    }
}
