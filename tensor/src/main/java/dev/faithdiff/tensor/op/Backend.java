package dev.faithdiff.tensor.op;

import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;

/** One kind of device: opens its devices and holds its table of kernels. Found by {@link ServiceLoader}. */
public interface Backend {
    /** {@code "cpu"} or {@code "cuda"}. */
    String kind();

    /** Null if devices of this kind can be opened here, else the reason in a sentence. */
    String unavailable();

    /** Number of devices of this kind, even where {@link #unavailable} says why they cannot be opened. */
    int count();

    /** The device of an index, opened at the first call. */
    Device open(int index);

    /** A one-line description of a device: name, memory, versions. */
    String describe(int index);

    /** All kernels, best first for each op. */
    List<Kernel<?>> kernels();

    /**
     * The device of a name such as {@code "cpu"} or {@code "cuda:1"}.
     *
     * @throws OpError if there is no such device, with the reason
     */
    static Device device(String name) {
        if (name.equals("cpu")) return Device.CPU;
        int colon = name.indexOf(':');
        String kind = colon < 0 ? name : name.substring(0, colon);
        int index;
        try {
            index = colon < 0 ? 0 : Integer.parseInt(name.substring(colon + 1));
        } catch (NumberFormatException e) {
            throw new OpError("device '" + name + "' is not of the form cpu, cuda or cuda:N");
        }
        Backend backend = of(kind);
        if (backend == null) throw new OpError("device '" + name + "': this build has no backend '" + kind + "'");
        String reason = backend.unavailable();
        if (reason != null) throw new OpError("device '" + name + "' is not available: " + reason);
        return backend.open(index);
    }

    /** The backend of a kind, or null. */
    static Backend of(String kind) { return all().get(kind); }

    /** Every backend on the class path by kind. @throws OpError if Java runs without the module that the CPU's kernels need */
    static Map<String, Backend> all() {
        if (ModuleLayer.boot().findModule(Registry.VECTORS).isEmpty()) {
            throw new OpError("Java runs without the module " + Registry.VECTORS + "; start it with --add-modules " + Registry.VECTORS
                    + " --enable-native-access=ALL-UNNAMED");
        }
        return Registry.BACKENDS;
    }

    /** Loads the backends once. */
    final class Registry {
        private static final String VECTORS = "jdk.incubator.vector";
        private static final Map<String, Backend> BACKENDS = new TreeMap<>();

        static {
            for (Backend b : ServiceLoader.load(Backend.class)) BACKENDS.put(b.kind(), b);
        }

        private Registry() {}
    }
}
