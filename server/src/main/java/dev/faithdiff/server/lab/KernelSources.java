package dev.faithdiff.server.lab;

import dev.faithdiff.kernels.CpuBackend;
import dev.faithdiff.kernels.lab.Cases;
import dev.faithdiff.tensor.op.Kernel;
import dev.faithdiff.tensor.op.Op;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The sources of the kernels that there are, to begin with. A checkout has them; elsewhere there is only a frame to fill. */
final class KernelSources {
    private final Path root;

    /** @param root of a checkout, or a folder without sources */
    KernelSources(Path root) { this.root = root; }

    /** The CPU's kernels of an op, best first. */
    static List<Kernel<?>> kernels(Class<? extends Op> op) {
        return new CpuBackend().kernels().stream().<Kernel<?>>filter(k -> k.op() == op).toList();
    }

    /** The op of a name such as {@code LinearOp}, or null. */
    static Class<? extends Op> op(String name) { return Cases.ops().stream().filter(o -> Op.name(o).equals(name)).findFirst().orElse(null); }

    /** The kernel's source under a name of its own, {@code LinearPackedTrial}; the frame if there is no source. */
    String java(Class<? extends Op> op, Kernel<?> kernel) {
        String own = kernel == null ? null : text(kernel.getClass());
        if (own == null) return frame(op);
        String name = kernel.getClass().getSimpleName();
        return own.replaceAll("\\b" + name + "\\b", name + "Trial");
    }

    private String text(Class<?> c) {
        Path file = root.resolve("kernels/src/main/java").resolve(c.getName().replace('.', '/') + ".java");
        try {
            return Files.isReadable(file) ? Files.readString(file) : null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A class of the package in which a trial of this op is compiled. */
    static Class<?> neighbour(Class<? extends Op> op) {
        List<Kernel<?>> all = kernels(op);
        return all.isEmpty() ? CpuBackend.class : all.getFirst().getClass();
    }

    /** The class of a package's kernel, since a source may name any package that has one. */
    static Class<?> neighbour(String source, Class<? extends Op> op) {
        return new CpuBackend().kernels().stream().<Class<?>>map(Kernel::getClass)
                .filter(c -> source.contains("package " + c.getPackageName() + ";")).findFirst().orElse(neighbour(op));
    }

    private static String frame(Class<? extends Op> op) {
        String name = Op.name(op), outer = name.replaceFirst("\\..*", ""), simple = name.substring(name.lastIndexOf('.') + 1).replace("Op", "");
        return """
                package %s;

                import dev.faithdiff.kernels.cpu.Vec;
                import dev.faithdiff.tensor.DType;
                import dev.faithdiff.tensor.Tensor;
                import dev.faithdiff.tensor.op.%s;
                import dev.faithdiff.tensor.op.Kernel;

                /** Computes the op by its reference: begin here. */
                public final class %sTrial implements Kernel<%s> {
                    @Override public Class<%s> op() { return %s.class; }

                    @Override public String refuses(%s op, Tensor[] in) { return in[0].dtype() == DType.F32 ? null : "takes F32"; }

                    @Override public void run(%s op, Tensor[] in, Tensor out) { op.reference(in, out); }
                }
                """.formatted(neighbour(op).getPackageName(), outer, simple, name, name, name, name, name);
    }

    /** The source of a file of CUDA kernels, {@code affine.cu}. @return null if there is none of this name */
    static String cuda(String file) {
        if (!file.matches("[a-z0-9_]+\\.cuh?")) return null;
        try (InputStream in = CpuBackend.class.getResourceAsStream("/cuda/" + file)) {
            return in == null ? null : new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
