package dev.faithdiff.server.lab;

import dev.faithdiff.kernels.cpu.Parallel;
import dev.faithdiff.kernels.lab.Bench;
import dev.faithdiff.kernels.lab.OnnxModel;
import java.io.File;
import java.lang.reflect.Method;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.FloatBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * ONNX Runtime for comparison, where its jar is at hand: on the class path, or named by {@link #JAR}. It is called by reflection, so that the
 * program does not have it among its libraries.
 */
final class OnnxRuntime {
    /** The system property that names the jar {@code onnxruntime} of Maven Central. */
    static final String JAR = "faithdiff.onnxruntime";
    private static final String PACKAGE = "ai.onnxruntime.";

    private final ClassLoader loader;

    private OnnxRuntime(ClassLoader loader) { this.loader = loader; }

    /** Null if it is not here. @param jar null: none is named. @throws IllegalStateException if the named jar does not hold it */
    static OnnxRuntime found(String jar) {
        try {
            ClassLoader here = OnnxRuntime.class.getClassLoader();
            OnnxRuntime peer = new OnnxRuntime(jar == null ? here : new URLClassLoader(new URL[] {new File(jar).toURI().toURL()}, here));
            peer.type("OrtEnvironment");
            return peer;
        } catch (ClassNotFoundException | MalformedURLException e) {
            if (jar == null) return null;
            throw new IllegalStateException("there is no ONNX Runtime in " + jar, e);
        }
    }

    private Class<?> type(String name) throws ClassNotFoundException { return loader.loadClass(PACKAGE + name); }

    /** How long it takes for a model, with as many threads as the kernels have and after a warm-up. It runs alone: its threads spin between runs. */
    Bench.Time time(OnnxModel model, int millis) {
        Deque<AutoCloseable> opened = new ArrayDeque<>();
        try {
            Object environment = type("OrtEnvironment").getMethod("getEnvironment").invoke(null);
            Class<?> optionsType = type("OrtSession$SessionOptions"), tensorType = type("OnnxTensor");
            Object options = optionsType.getConstructor().newInstance();
            opened.push((AutoCloseable) options);
            optionsType.getMethod("setIntraOpNumThreads", int.class).invoke(options, Parallel.threads());
            Object session = environment.getClass().getMethod("createSession", byte[].class, optionsType).invoke(environment, model.file(), options);
            opened.push((AutoCloseable) session);
            Method tensor = tensorType.getMethod("createTensor", environment.getClass(), FloatBuffer.class, long[].class);
            Map<String, Object> in = new HashMap<>();
            for (int i = 0; i < model.inputs().length; i++) {
                in.put("" + i, tensor.invoke(null, environment, model.values(i), model.inputs()[i]));
                opened.push((AutoCloseable) in.get("" + i));
            }
            Method run = session.getClass().getMethod("run", Map.class);
            return Bench.run("ONNX Runtime", () -> run(run, session, in), millis);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("ONNX Runtime does not run: " + (e.getCause() == null ? e : e.getCause()), e);
        } finally {
            opened.forEach(OnnxRuntime::close);
        }
    }

    private static void run(Method run, Object session, Map<String, Object> in) {
        try {
            close((AutoCloseable) run.invoke(session, in));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("ONNX Runtime does not run: " + e.getCause(), e);
        }
    }

    private static void close(AutoCloseable thing) {
        try {
            thing.close();
        } catch (Exception e) {
            throw new IllegalStateException("cannot close " + thing, e);
        }
    }
}
