package dev.faithdiff.nn;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.Source;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Named parameters by path, from a {@link WeightSource}. Building a model is loading it: each layer asks for its own by {@link #get}, and
 * {@link #done} fails if a key was missing, had another shape, or was never asked for.
 *
 * <p>Files hold convolution weights as {@code [O, I, kh, kw]}; layers see {@code [O, kh, kw, I]}.
 */
public final class Weights implements AutoCloseable {
    /** More than any published model has: a limit on what a hostile configuration can ask for. */
    private static final int MOST = 100_000;

    /** What all views of one set of weights share: where values come from, what was taken or read ahead, what did not fit, who owns the memory. */
    private record Root(WeightSource source, DType dtype, Map<String, Tensor> taken, Map<String, Tensor> ready, List<String> problems, Scope scope) {
        Root(WeightSource source, DType dtype) {
            this(source, dtype, new LinkedHashMap<>(), new HashMap<>(), new ArrayList<>(), Scope.detached());
        }
    }

    private final Root root;
    private final String prefix;

    private Weights(Root root, String prefix) {
        this.root = root;
        this.prefix = prefix;
    }

    private static Weights on(WeightSource source, DType dtype) { return new Weights(new Root(source, dtype), ""); }

    /** Weights of a safetensors file, index or folder, in the file's own element types. */
    public static Weights open(Path path, Device device) { return open(path, device, null); }

    /** Weights of a file, converted to {@code dtype} as they are read unless it is null; 8-bit weights are not widened to 16 bits. */
    public static Weights open(Path path, Device device, DType dtype) { return open(path, device, dtype, null); }

    /** Weights of a file that a residency moves to the device and away again; null: they are on the device from the start. */
    public static Weights open(Path path, Device device, DType dtype, Residency residency) {
        return of(new FileWeights(path), device, dtype, residency);
    }

    /**
     * Weights of a source that holds certain tensors in host memory. On the CPU and in its own type a mapped tensor stays mapped.
     *
     * @param dtype     the type of weights and activations; null: each weight's own and F32. 8-bit weights are not widened to 16 bits
     * @param residency what moves weights to the device and away again; null: they are on the device from the start
     */
    public static Weights of(WeightSource source, Device device, DType dtype, Residency residency) {
        boolean visit = residency != null && device != Device.CPU;
        WeightSource from = OutlineWeights.of(source, device);
        WeightSource held = visit ? new VisitingWeights(from, residency, dtype) : new PlacedWeights(from, device, dtype);
        return on(held, dtype == null ? DType.F32 : dtype);
    }

    /** As {@link #quantized(WeightSource, Device, long)} on the CPU. */
    public static Weights quantized(WeightSource source, long least) { return quantized(source, Device.CPU, least); }

    /**
     * Weights of a source that holds certain tensors, to compute in F32 on the CPU or on what stands in for it. Linear layers get theirs in 8 bits,
     * with a scale for each output, if the source has at least {@code least} bytes.
     */
    public static Weights quantized(WeightSource source, Device device, long least) {
        long bytes = source.held().values().stream().mapToLong(h -> h.shape().count() * h.dtype().bytes()).sum();
        WeightSource placed = new PlacedWeights(OutlineWeights.of(source, device), device, null);
        return on(bytes < least ? placed : new QuantizedWeights(placed), DType.F32);
    }

    /** Weights of a file as F32 in memory of their own, which training may change. */
    public static Weights trainable(Path path, Device device) {
        return on(new OwnWeights(new PlacedWeights(new FileWeights(path), device, DType.F32)), DType.F32);
    }

    /** F32 weights drawn by each layer's {@link Init}. */
    public static Weights init(long seed, Device device) { return of(new DrawnWeights(Rng.cpu(seed)), device, DType.F32, null); }

    /**
     * Weights that are copies of parts of one tensor, of its type and on its device: for timing models of full size that no file holds.
     * Matrices and kernels are scaled by one over the root of their inputs, other parameters are drawn by their {@link Init}.
     *
     * @param values standard normal values, as many as the largest weight has
     */
    public static Weights copies(Tensor values) {
        return of(new CopiedWeights(values, new DrawnWeights(Rng.cpu(1))), values.device(), values.dtype(), null);
    }

    /** Shapes without values, to compare a model with a list of published keys: {@code name -> file shape}. */
    public static Weights shapes(String name, Map<String, Shape> published) { return shapes(name, published, DType.F16, Device.CPU, null, null); }

    /** Weights of a file that has shapes and a type but no values, to measure how much memory a model takes on a device. */
    public static Weights shapes(String name, Map<String, Shape> published, DType inFile, Device device, DType dtype, Residency residency) {
        Map<String, WeightSource.Held> held = new LinkedHashMap<>();
        published.forEach((key, shape) -> held.put(key, new WeightSource.Held(shape, inFile)));
        return of(new ShapeWeights(name, held), device, dtype, residency);
    }

    /** Weights that give every parameter a shape and no memory, to learn by {@link #published} what a network asks for. */
    public static Weights recording() { return recording("recorded weights"); }

    /** As {@link #recording()}. @param name what error messages call these weights, such as the file of the network's settings */
    public static Weights recording(String name) { return on(new ShapeWeights(name, null), DType.F32); }

    /** The type in which the network is to compute: the one that weights are converted to, else F32. */
    public DType dtype() { return root.dtype; }

    /** The weights below a name. */
    public Weights at(String name) { return new Weights(root, prefix + name + "."); }

    public Weights at(String list, int index) { return at(list + "." + index); }

    /** Whether the source has the name; drawn, copied and recorded weights have every name. */
    public boolean has(String name) {
        Map<String, WeightSource.Held> held = root.source.held();
        return held == null || held.containsKey(prefix + name);
    }

    /**
     * The parameter of a name, with the sizes that the layer holds it in. If it is missing or has another shape, this is noted for
     * {@link #done}, and the result is a tensor without memory.
     *
     * @throws WeightsError if a model takes more than 100,000 parameters
     */
    public Tensor get(String name, Init init, int... sizes) {
        String key = prefix + name;
        Shape shape = Shape.of(sizes);
        if (root.taken.size() == MOST) throw new WeightsError(root.source.name() + ": the model asks for more than " + MOST + " tensors");
        Tensor t = fits(key, shape) ? read(key, init, shape) : ShapeWeights.tensor(key, DType.F32, shape);
        if (root.taken.put(key, t) != null) root.problems.add(key + " is asked for twice");
        return t;
    }

    /**
     * Says that parameters of one shape, which {@link #get} is to give next, are used together: where the device gains by it they lie one behind the
     * other in its memory.
     */
    void together(Init init, List<String> names, int... sizes) {
        List<String> keys = names.stream().map(name -> prefix + name).toList();
        Shape shape = Shape.of(sizes);
        Map<String, WeightSource.Held> held = root.source.held();
        if (held == null ? !root.source.hasValues() : keys.stream().anyMatch(k -> !held.containsKey(k) || !held.get(k).shape().equals(shape))) return;
        try (Scope _ = Scope.open()) {
            List<Tensor> all = root.source.together(keys, init, shape);
            for (int i = 0; all != null && i < keys.size(); i++) root.ready.put(keys.get(i), root.scope.adopt(all.get(i)));
        }
    }

    /** The weight {@code [out, in]} of a linear layer in 8 bits; null: {@link #get} gives it, or says what is wrong with it. */
    Quantized quantized(String name, int out, int in) {
        String key = prefix + name;
        Shape shape = Shape.of(out, in);
        Map<String, WeightSource.Held> held = root.source.held();
        if (held != null && held.containsKey(key + Groups.SCALES)) return grouped(key, shape);
        if (held == null || !held.containsKey(key) || !held.get(key).shape().equals(shape) || root.taken.containsKey(key)) return null;
        try (Scope _ = Scope.open()) {
            Quantized q = root.source.quantized(key, shape);
            if (q == null) return null;
            Tensor values = root.scope.adopt(q.values()).named(key);
            root.taken.put(key, values);
            return new Quantized(values, root.scope.adopt(q.scales()));
        }
    }

    /** A weight that its source holds in groups. */
    private Quantized grouped(String key, Shape shape) {
        String scales = key + Groups.SCALES;
        boolean fours = root.source.held().containsKey(key) && root.source.held().get(key).dtype() == DType.U8;
        Tensor[] both = new Tensor[2];
        for (int i = 0; i < 2; i++) {
            String name = i == 0 ? key : scales;
            Shape each = i == 0 ? Groups.numbers(shape, fours ? 4 : 8) : Groups.scales(shape);
            both[i] = fits(name, each) ? read(name, null, each) : ShapeWeights.tensor(name, i == 0 ? DType.I8 : DType.F16, each);
            if (root.taken.put(name, both[i]) != null) root.problems.add(name + " is asked for twice");
        }
        return new Quantized(both[0], both[1]);
    }

    private Tensor read(String key, Init init, Shape shape) {
        Tensor ready = root.ready.remove(key);
        if (ready != null) return ready.named(key);
        try (Scope _ = Scope.open()) {
            return root.scope.adopt(root.source.get(key, init, shape)).named(key);
        }
    }

    /** Whether there are values to read, of a key in the shape that a layer takes. If the source has no such key, the problem is noted. */
    private boolean fits(String key, Shape shape) {
        if (root.source.held() == null) return root.source.hasValues();
        WeightSource.Held held = root.source.held().get(key);
        Shape inFile = Layout.inFile(shape);
        if (held != null && held.shape().equals(inFile)) return true;
        root.problems.add(key + (held == null ? " " + inFile + " is missing" : " is " + held.shape() + " but the model takes " + inFile));
        return false;
    }

    /** To be called when the model is built. @throws WeightsError listing every missing, misshapen and unused key */
    public Weights done() {
        List<String> problems = new ArrayList<>(root.problems);
        if (root.source.held() != null) {
            root.source.held().forEach((key, held) -> {
                if (!root.taken.containsKey(key)) problems.add(key + " " + held.shape() + " is not part of the model");
            });
        }
        if (!problems.isEmpty()) {
            close();
            throw new WeightsError(root.source.name(), problems);
        }
        return this;
    }

    /** All parameters taken so far whose key starts with {@code start}, by key. */
    public Map<String, Tensor> parameters(String start) {
        Map<String, Tensor> found = new LinkedHashMap<>();
        root.taken.forEach((k, t) -> { if (k.startsWith(start)) found.put(k, t); });
        return found;
    }

    /** The shapes of all parameters taken so far as files hold them, by key. */
    public Map<String, Shape> published() {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        root.taken.forEach((key, t) -> shapes.put(key, Layout.inFile(t.shape())));
        return shapes;
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
                if (t.dtype() == DType.I8) throw new WeightsError(root.source.name() + ": " + key + " was rounded to 8 bits, so it is not written");
                DType to = dtype == null ? own.dtype() : dtype;
                sources.add(Source.of(key, to, Layout.inFile(t.shape()), () -> Layout.toFile(t.to(Device.CPU).to(to)).segment()));
            });
            SafeTensors.write(file, sources, Map.of("format", "pt"));
        }
    }

    @Override public void close() {
        root.scope.close();
        root.source.close();
    }
}
