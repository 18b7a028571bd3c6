package dev.faithdiff.nn;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Storage;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Named parameters by path: read from a file or freshly drawn. Building a model is loading it: each layer asks for its own by
 * {@link #get}, and {@link #done} fails if a key was missing, misshapen or asked for by nobody.
 *
 * <p>Files hold convolution weights as {@code [O, I, kh, kw]}; layers see {@code [O, kh, kw, I]}. The turn happens here and nowhere
 * else. Other tensors of a host model stay mapped, in the file's element type.
 */
public final class Weights implements AutoCloseable {
    /** What all views of one set of weights share. */
    private static final class Root {
        String name;
        Map<String, SafeTensors.Entry> entries;
        SafeTensors file;
        Rng rng;
        Tensor values;
        Device device;
        DType dtype;
        Map<String, Part> parts;
        boolean own;
        final Map<String, Tensor> taken = new LinkedHashMap<>();
        final List<String> problems = new ArrayList<>();
        final List<Storage> mapped = new ArrayList<>();
        final Scope scope = Scope.detached();
    }

    private final Root root;
    private final String prefix;

    private Weights(Root root, String prefix) {
        this.root = root;
        this.prefix = prefix;
    }

    /** Weights of a safetensors file, index or folder, in the file's own element types. */
    public static Weights open(Path path, Device device) { return open(path, device, null); }

    /** Weights of a file, converted to {@code dtype} as they are read unless it is null; 8-bit weights do not become 16-bit ones. */
    public static Weights open(Path path, Device device, DType dtype) { return open(path, device, dtype, null); }

    /** Weights of a file that come to the device and leave it as a residency has it; null: they are there from the start. */
    public static Weights open(Path path, Device device, DType dtype, Residency residency) {
        Root r = new Root();
        r.name = path.toString();
        r.file = SafeTensors.open(path);
        r.entries = r.file.entries();
        return on(r, device, dtype, residency);
    }

    private static Weights on(Root r, Device device, DType dtype, Residency residency) {
        r.device = device;
        r.dtype = dtype;
        if (residency != null && device != Device.CPU) r.parts = residency.parts(r.entries.values(), e -> stored(e.dtype(), dtype));
        return new Weights(r, "");
    }

    /** Weights of a file as F32 in memory of their own, which training may change. */
    public static Weights trainable(Path path, Device device) {
        Weights w = open(path, device, DType.F32);
        w.root.own = true;
        return w;
    }

    /** F32 weights drawn by each layer's {@link Init}. */
    public static Weights init(long seed, Device device) {
        Root r = new Root();
        r.name = "drawn weights";
        r.rng = Rng.cpu(seed);
        r.device = device;
        r.dtype = DType.F32;
        return new Weights(r, "");
    }

    /**
     * Weights that are copies of parts of one tensor, of its type and on its device: for timing models of full size that no file holds.
     * Matrices and kernels are scaled by one over the root of their inputs, other parameters are drawn by their {@link Init}.
     *
     * @param values standard normal values, as many as the largest weight has
     */
    public static Weights copies(Tensor values) {
        Weights w = init(1, values.device());
        w.root.values = values;
        w.root.dtype = values.dtype();
        return w;
    }

    /** Shapes without values, to hold a model's architecture against a list of published keys: {@code name -> file shape}. */
    public static Weights shapes(String name, Map<String, Shape> published) { return shapes(name, published, DType.F16, Device.CPU, null, null); }

    /** Weights of a file that has shapes and a type but no values, to measure what a model would hold on a device. */
    public static Weights shapes(String name, Map<String, Shape> published, DType inFile, Device device, DType dtype, Residency residency) {
        Root r = new Root();
        r.name = name;
        r.entries = new LinkedHashMap<>();
        published.forEach((k, s) -> r.entries.put(k, new SafeTensors.Entry(k, inFile, s, null)));
        return on(r, device, dtype, residency);
    }

    /** The type in which the network is asked to compute; F32 unless weights are converted. */
    public DType dtype() { return root.dtype == null ? DType.F32 : root.dtype; }

    /** The weights below a name. */
    public Weights at(String name) { return new Weights(root, prefix + name + "."); }

    public Weights at(String list, int index) { return at(list + "." + index); }

    /** True if the file has the name; drawn weights have any. */
    public boolean has(String name) { return root.entries == null || root.entries.containsKey(prefix + name); }

    /**
     * The parameter of a name, with the sizes the layer holds it in. A missing or misshapen one is noted for {@link #done} and a
     * tensor without memory stands in.
     */
    public Tensor get(String name, Init init, int... sizes) {
        String key = prefix + name;
        Shape shape = Shape.of(sizes);
        Tensor t = root.entries == null ? drawn(key, init, shape) : read(key, shape);
        if (root.taken.put(key, t) != null) root.problems.add(key + " is asked for twice");
        return t;
    }

    private Tensor drawn(String key, Init init, Shape shape) {
        try (Scope _ = Scope.open()) {
            if (root.values != null && shape.rank() > 1) {
                float scale = (float) Math.sqrt(shape.size(0) / (double) shape.count());
                return keep(root.values.view(0, shape).mul(scale)).named(key);
            }
            Tensor host = Tensor.of(init.draw(shape, root.rng), shape.toArray());
            return keep(host.to(root.dtype).to(root.device)).named(key);
        }
    }

    private Tensor read(String key, Shape shape) {
        SafeTensors.Entry e = root.entries.get(key);
        Shape inFile = turned(shape, 0, 3, 1, 2);
        if (e == null) {
            root.problems.add(key + " " + inFile + " is missing");
            return absent(key, DType.F32, shape);
        }
        if (!e.shape().equals(inFile)) {
            root.problems.add(key + " is " + e.shape() + " but the model takes " + inFile);
            return absent(key, e.dtype(), shape);
        }
        if (root.parts != null) return root.parts.get(key).tensor(key, shape);
        DType stored = stored(e.dtype(), root.dtype);
        if (e.data() == null) return root.device == Device.CPU ? absent(key, stored, shape) : unfilled(key, stored, shape);
        Storage storage = Storage.mapped(e.data());
        root.mapped.add(storage);
        Tensor mapped = new Tensor(storage, 0, e.shape(), e.dtype(), key);
        try (Scope _ = Scope.open()) {
            Tensor t = turned(mapped).to(stored).to(root.device);
            if (root.own && t.storage() == storage) t = t.mul(1);
            return t.storage() == storage ? t.view(0, shape) : keep(t).view(0, shape).named(key);
        }
    }

    /** A tensor of a file in the layout that layers take; where the two are the same, a view. */
    static Tensor turned(Tensor t) {
        boolean plain = t.rank() != 4 || t.size(2) == 1 && t.size(3) == 1;
        return plain ? t.view(0, turned(t.shape(), 0, 2, 3, 1)) : t.permute(0, 2, 3, 1);
    }

    /** What a weight is held in: as asked, but 8 bits are not made 16, which kernels do at each use. */
    private static DType stored(DType inFile, DType asked) {
        boolean widens = inFile == DType.F8_E4M3 && asked != DType.F32;
        return asked == null || widens || !inFile.isFloating() ? inFile : asked;
    }

    private Tensor unfilled(String key, DType dtype, Shape shape) {
        try (Scope _ = Scope.open()) {
            return keep(Tensor.empty(root.device, dtype, shape)).named(key);
        }
    }

    private Tensor keep(Tensor t) { return root.scope.adopt(t); }

    /** A tensor that has a shape and no memory; using it is an error. */
    private static Tensor absent(String key, DType dtype, Shape shape) {
        Storage none = new Storage(Device.CPU, 0, shape.count() * dtype.bytes(), null);
        none.forget();
        return new Tensor(none, 0, shape, dtype, key);
    }

    private static Shape turned(Shape s, int... order) {
        if (s.rank() != 4) return s;
        return Shape.of(s.size(order[0]), s.size(order[1]), s.size(order[2]), s.size(order[3]));
    }

    /** @throws WeightsError listing every missing, misshapen and unused key */
    public Weights done() {
        List<String> problems = new ArrayList<>(root.problems);
        if (root.entries != null) {
            for (SafeTensors.Entry e : root.entries.values()) {
                if (!root.taken.containsKey(e.name())) problems.add(e.name() + " " + e.shape() + " is not part of the model");
            }
        }
        if (!problems.isEmpty()) {
            close();
            throw new WeightsError(root.name, problems);
        }
        return this;
    }

    /** All parameters taken so far whose key starts with {@code start}, by key. */
    public Map<String, Tensor> parameters(String start) {
        Map<String, Tensor> found = new LinkedHashMap<>();
        root.taken.forEach((k, t) -> { if (k.startsWith(start)) found.put(k, t); });
        return found;
    }

    /** Writes every parameter under its key in the published layout. */
    public void save(Path file) { save(file, null, Map.of()); }

    /**
     * Writes every parameter under its key in the published layout.
     *
     * @param dtype   the element type in the file; null: each parameter's own
     * @param instead values of the same shapes to write for some of the keys, such as averages
     */
    public void save(Path file, DType dtype, Map<String, Tensor> instead) {
        try (Scope _ = Scope.open()) {
            List<Source> sources = new ArrayList<>();
            root.taken.forEach((key, own) -> {
                Tensor t = instead.getOrDefault(key, own);
                DType to = dtype == null ? own.dtype() : dtype;
                sources.add(Source.of(key, to, turned(t.shape(), 0, 3, 1, 2), () -> {
                    Tensor host = t.to(Device.CPU).to(to);
                    return (t.rank() == 4 ? host.permute(0, 3, 1, 2) : host).segment();
                }));
            });
            SafeTensors.write(file, sources, Map.of("format", "pt"));
        }
    }

    @Override public void close() {
        root.scope.close();
        root.mapped.forEach(Storage::forget);
        if (root.file != null) root.file.close();
        root.file = null;
    }
}
