package dev.faithdiff.jmh;

import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Scope;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;

/**
 * Where blocks and models are timed, in which type, for how many images at once.
 *
 * @param batch rows of an input: 2 where guidance predicts for a prompt and for a negative one
 */
public record BenchTarget(Device device, DType dtype, int batch) {
    static final BenchTarget CPU = new BenchTarget(Device.CPU, DType.F32, 1);

    /** As many values as the largest weight of SDXL has: 1280 outputs of 3x3 over 2560 channels. */
    private static final int VALUES = 1280 * 9 * 2560;

    /**
     * Random weights for {@code work}. Those of a GPU are copies, made on the device, of parts of one random tensor: full-size models
     * take 5 GB that need be neither drawn one by one nor read from a file.
     */
    Weights weights(Workload work) {
        if (device == Device.CPU) return work.hold(Weights.init(1, device));
        Tensor values = work.tensors(() -> {
            try (Scope s = Scope.open()) {
                Tensor host = Tensor.of(Rng.cpu(1).randn(VALUES), VALUES);
                return new Tensor[] {s.keep(host.to(dtype).to(device))};
            }
        })[0];
        return work.hold(Weights.copies(values));
    }

    /** A standard normal input of {@code batch} rows. */
    Tensor input(Workload work, int... sizes) {
        int[] all = new int[sizes.length + 1];
        all[0] = batch;
        System.arraycopy(sizes, 0, all, 1, sizes.length);
        return work.tensors(() -> {
            try (Scope s = Scope.open()) {
                Tensor host = Tensor.of(work.random().randn(Math.toIntExact(Shape.of(all).count())), all);
                return new Tensor[] {s.keep(host.to(dtype).to(device))};
            }
        })[0];
    }
}
