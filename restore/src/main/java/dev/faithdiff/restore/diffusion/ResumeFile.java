package dev.faithdiff.restore.diffusion;

import dev.faithdiff.image.Image;
import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Storage;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.io.SafeTensors;
import dev.faithdiff.tensor.io.SafeTensorsError;
import dev.faithdiff.tensor.io.Source;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;

/**
 * The file from which an interrupted restoration goes on: latents after a step, what sampler and cache remember of each tile, the state of the
 * random numbers, and the model, input and options to which they belong. It is a safetensors file that is replaced whole after every step.
 */
public final class ResumeFile {
    private static final String STEP = "step", BYTES = "bytes", RNG = "rng", LATENTS = "latents", TILE = "walk.", CACHE = "cache.";

    private static final String NOT_WHOLE = "is not a whole resume file";

    private final Path path;
    private final Map<String, String> identity = new LinkedHashMap<>();

    /**
     * The file of one restoration, which may not exist yet.
     *
     * @param model   digest of the model, see {@link ModelFolder#digest}
     * @param options names and values of the restorer's options
     * @param in      the enlarged and padded input
     */
    public ResumeFile(Path path, String model, Device device, DType dtype, Map<String, Object> options, Image in) {
        this.path = path;
        identity.put("program", "faithdiff resume 1");
        identity.put("model", model);
        identity.put("device", device.name());
        identity.put("dtype", dtype.name());
        options.forEach((name, value) -> identity.put("option " + name, String.valueOf(value)));
        identity.put("input", in.width() + "x" + in.height() + " " + ModelFolder.sha256(digest -> {
            digest.update(in.rgb());
            if (in.low() != null) digest.update(in.low());
        }));
    }

    /** A file's content. Its tensors belong to the scope in which it was read. @param bytes what networks may hold */
    public record State(Path path, Tensor latents, int step, long bytes, long[] rng, Map<String, Tensor> memory) {
        /** The denoising that was saved. @param plan the one that it follows. @throws SafeTensorsError if that has no such step */
        public Denoising denoising(Plan plan) {
            if (step < 0 || step > plan.steps()) throw new SafeTensorsError(path, NOT_WHOLE);
            Denoising d = new Denoising(plan, latents, step);
            for (int k = 0; k < d.walks(); k++) {
                Map<String, Tensor> walked = below(TILE + k + ".");
                if (!walked.isEmpty()) d.state(k).recall(walked);
            }
            for (int k = 0; k < d.caches(); k++) {
                Map<String, Tensor> cached = below(CACHE + k + ".");
                if (!cached.isEmpty()) d.cache(k).recall(cached);
            }
            return d;
        }

        private Map<String, Tensor> below(String start) {
            Map<String, Tensor> own = new HashMap<>();
            memory.forEach((name, t) -> { if (name.startsWith(start)) own.put(name.substring(start.length()), t); });
            return own;
        }
    }

    /**
     * Reads the file into the current scope, to a device. Null if there is no file.
     *
     * @throws SafeTensorsError      if the file is damaged
     * @throws IllegalStateException if it belongs to another model, input or options, naming the first difference
     */
    public State read(Device device) {
        if (!Files.exists(path)) return null;
        try (SafeTensors file = SafeTensors.open(path)) {
            Map<String, String> said = file.metadata();
            identity.forEach((name, value) -> {
                String found = said.get(name);
                if (value.equals(found)) return;
                String saved = name.startsWith("option ") ? "with " + name + " " + found + ", not " + value : "for another " + name;
                throw new IllegalStateException("cannot resume from " + path + ": it was saved " + saved + "; delete it to start again");
            });
            Map<String, Tensor> memory = new HashMap<>();
            file.entries().values().forEach(e -> {
                Tensor t = Tensor.empty(Device.CPU, e.dtype(), e.shape());
                t.segment().copyFrom(e.data());
                memory.put(e.name(), e.name().equals(RNG) ? t : t.to(device));
            });
            Tensor rng = memory.remove(RNG), latents = memory.remove(LATENTS);
            if (rng == null || latents == null) throw new SafeTensorsError(path, NOT_WHOLE);
            return new State(path, latents, Integer.parseInt(said.get(STEP)), Long.parseLong(said.get(BYTES)), longs(rng), memory);
        } catch (NumberFormatException e) { // also of what is missing
            throw new SafeTensorsError(path, NOT_WHOLE, e);
        }
    }

    /** Saves a denoising. @param bytes what networks may hold, which decides their tiles */
    public void write(Denoising d, Rng rng, long bytes) {
        Map<String, String> metadata = new LinkedHashMap<>(identity);
        metadata.put(STEP, Integer.toString(d.step()));
        metadata.put(BYTES, Long.toString(bytes));
        List<Source> sources = new ArrayList<>();
        try (Scope _ = Scope.open()) {
            sources.add(source(LATENTS, d.latents()));
            for (int k = 0; k < d.walks(); k++) {
                String walked = TILE + k + ".";
                d.state(k).memory().forEach((name, t) -> sources.add(source(walked + name, t)));
            }
            for (int k = 0; k < d.caches(); k++) {
                String cached = CACHE + k + ".";
                d.cache(k).memory().forEach((name, t) -> sources.add(source(cached + name, t)));
            }
            long[] state = rng.state();
            ByteBuffer words = ByteBuffer.allocate(state.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            words.asLongBuffer().put(state);
            sources.add(Source.of(RNG, DType.I64, Shape.of(state.length), () -> MemorySegment.ofBuffer(words)));
            SafeTensors.write(path, sources, metadata);
        } catch (SafeTensorsError e) {
            if (Thread.currentThread().isInterrupted()) throw new CancellationException("interrupted while " + path + " was written");
            throw e;
        }
    }

    private static Source source(String name, Tensor t) { return Source.of(name, t.dtype(), t.shape(), () -> t.to(Device.CPU).segment()); }

    private static long[] longs(Tensor t) {
        long[] v = new long[(int) t.count()];
        for (int i = 0; i < v.length; i++) v[i] = t.segment().get(DType.LONG, (long) i * Long.BYTES);
        return v;
    }
}
