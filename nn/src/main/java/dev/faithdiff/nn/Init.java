package dev.faithdiff.nn;

import dev.faithdiff.tensor.Rng;
import dev.faithdiff.tensor.Shape;
import java.util.Arrays;

/** Initial values of a parameter that is not read from a file. */
public interface Init {
    Init ZERO = constant(0);
    Init ONE = constant(1);

    /** Values in row-major order of the shape as the layer holds it. */
    float[] draw(Shape shape, Rng rng);

    static Init constant(float value) {
        return (shape, rng) -> {
            float[] v = new float[Math.toIntExact(shape.count())];
            Arrays.fill(v, value);
            return v;
        };
    }

    /** Uniform in +-1/sqrt(inputs), PyTorch's default of linear layers and convolutions. */
    static Init uniform(int inputs) {
        return (shape, rng) -> {
            float[] v = rng.rand(Math.toIntExact(shape.count()));
            float bound = (float) (1 / Math.sqrt(inputs));
            for (int i = 0; i < v.length; i++) v[i] = (2 * v[i] - 1) * bound;
            return v;
        };
    }

    /** Normal with the given standard deviation. */
    static Init normal(float deviation) {
        return (shape, rng) -> {
            float[] v = rng.randn(Math.toIntExact(shape.count()));
            for (int i = 0; i < v.length; i++) v[i] *= deviation;
            return v;
        };
    }
}
