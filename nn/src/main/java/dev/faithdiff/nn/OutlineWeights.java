package dev.faithdiff.nn;

import dev.faithdiff.tensor.CountingDevice;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Storage;
import dev.faithdiff.tensor.Tensor;

/**
 * Another source's tensors without their values, for a device that only counts. Where that stands in for the CPU, mapped tensors take none of its
 * memory and are permuted there; else they are uploaded.
 */
record OutlineWeights(WeightSource source, CountingDevice device) implements DerivedWeights {
    /** The source itself for a device that computes. */
    static WeightSource of(WeightSource source, Device device) {
        if (!(device instanceof CountingDevice counts) || !source.hasValues() || source.held() == null) return source;
        long bytes = source.held().values().stream().mapToLong(h -> h.shape().count() * h.dtype().bytes()).sum();
        if (source instanceof FileWeights file) counts.maps(file.stay(bytes));
        return new OutlineWeights(source, counts);
    }

    @Override public boolean hasValues() { return isCpu(); }

    @Override public Tensor get(String key, Init init, Shape shape) {
        Held h = held().get(key);
        if (!isCpu()) return ShapeWeights.tensor(key, h.dtype(), shape);
        if (!(source instanceof FileWeights)) return Tensor.empty(device, h.dtype(), shape);
        Storage mapped = device.mapped(h.shape().count() * h.dtype().bytes());
        return Layout.toLayer(new Tensor(mapped, 0, h.shape(), h.dtype(), key));
    }

    private boolean isCpu() { return device.kind().equals(Device.CPU.kind()); }
}
