package dev.faithdiff.server.lab;

import dev.faithdiff.tensor.op.Kernel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/** A kernel that is compiled in memory from the text of a Java file. */
final class CompiledKernel {
    private static final Pattern PACKAGE = Pattern.compile("(?m)^\\s*package\\s+([\\w.]+)\\s*;");
    private static final Pattern TYPE = Pattern.compile("\\b(?:class|record|enum)\\s+(\\w+)");

    /** An error of the source. @param line from 1, 0 if it has no place. @param column from 1 */
    record Fault(long line, long column, String message) {}

    /** What the compiler did not take. */
    static final class Rejected extends RuntimeException {
        private final transient List<Fault> faults;

        Rejected(List<Fault> faults) {
            super(faults.getFirst().message);
            this.faults = faults;
        }

        List<Fault> faults() { return faults; }
    }

    private CompiledKernel() {}

    /**
     * Compiles a source and makes its kernel. Its classes become part of the package that it names, so that it can use what kernels of that package
     * share.
     *
     * @param neighbour a class of that package
     * @throws Rejected if the source has errors, or no class of it is a kernel that can be made without arguments
     */
    static Kernel<?> of(String source, Class<?> neighbour) {
        Matcher type = TYPE.matcher(source), in = PACKAGE.matcher(source);
        if (!type.find()) throw rejected("there is no class in this source");
        if (!in.find() || !in.group(1).equals(neighbour.getPackageName())) throw rejected("the package must be " + neighbour.getPackageName());
        Map<String, ByteArrayOutputStream> classes = compile(type.group(1), source);
        try {
            MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(neighbour, MethodHandles.lookup());
            List<Class<?>> defined = new ArrayList<>();
            for (ByteArrayOutputStream bytes : classes.values()) defined.add(lookup.defineClass(bytes.toByteArray()));
            for (Class<?> c : defined) {
                if (!Kernel.class.isAssignableFrom(c)) continue;
                var constructor = c.getDeclaredConstructor();
                constructor.setAccessible(true);
                return (Kernel<?>) constructor.newInstance();
            }
        } catch (LinkageError e) {
            throw rejected("the class cannot be loaded: " + e.getMessage() + "; give it a name of its own");
        } catch (ReflectiveOperationException e) {
            throw rejected("the kernel cannot be made without arguments: " + (e.getCause() == null ? e : e.getCause()));
        }
        throw rejected("no class of this source is a Kernel");
    }

    private static Rejected rejected(String message) { return new Rejected(List.of(new Fault(0, 0, message))); }

    /** The classes, nested ones first. */
    private static Map<String, ByteArrayOutputStream> compile(String name, String source) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        if (compiler == null) throw rejected("this Java runtime has no compiler: use a JDK");
        DiagnosticCollector<JavaFileObject> said = new DiagnosticCollector<>();
        Map<String, ByteArrayOutputStream> written = new LinkedHashMap<>();
        List<String> flags = List.of("--add-modules", "jdk.incubator.vector", "-classpath", System.getProperty("java.class.path"),
                "-proc:none", "-g");
        try (StandardJavaFileManager standard = compiler.getStandardFileManager(said, Locale.ROOT, null);
                JavaFileManager memory = new InMemory(standard, written)) {
            if (!compiler.getTask(null, memory, said, flags, null, List.of(new Source(name, source))).call()) {
                throw new Rejected(said.getDiagnostics().stream().filter(d -> d.getKind() == Diagnostic.Kind.ERROR)
                        .map(d -> new Fault(Math.max(0, d.getLineNumber()), Math.max(0, d.getColumnNumber()), d.getMessage(Locale.ROOT))).toList());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Map<String, ByteArrayOutputStream> sorted = new LinkedHashMap<>();
        written.keySet().stream().sorted((a, b) -> b.length() - a.length()).forEach(k -> sorted.put(k, written.get(k)));
        return sorted;
    }

    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        Source(String name, String text) {
            super(URI.create("memory:///" + name + ".java"), Kind.SOURCE);
            this.text = text;
        }

        @Override public CharSequence getCharContent(boolean ignoreEncodingErrors) { return text; }
    }

    private static final class InMemory extends ForwardingJavaFileManager<StandardJavaFileManager> {
        private final Map<String, ByteArrayOutputStream> written;

        InMemory(StandardJavaFileManager standard, Map<String, ByteArrayOutputStream> written) {
            super(standard);
            this.written = written;
        }

        @Override public JavaFileObject getJavaFileForOutput(Location location, String name, JavaFileObject.Kind kind, FileObject sibling) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            written.put(name, bytes);
            return new SimpleJavaFileObject(URI.create("memory:///" + name.replace('.', '/') + ".class"), kind) {
                @Override public OutputStream openOutputStream() { return bytes; }
            };
        }
    }
}
