package dev.faithdiff.nn.train;

import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Tensor;
import java.util.Map;

/** Changes parameters by their gradients, one step at a time. */
public interface Optimizer extends AutoCloseable {
    /**
     * One update of every parameter that has a gradient; the others stay as they are, without decay.
     *
     * @param rate  factor on each group's learning rate: the schedule's
     * @param scale factor on each gradient: clipping, the loss scale, accumulation
     */
    void step(Map<Tensor, Tensor> gradients, double rate, double scale);

    /** Steps taken. */
    long steps();

    /** All that {@link #restore} needs beside the parameters and {@link #steps}, by name: F32, this optimizer's own memory. */
    Map<String, Tensor> state();

    /** Takes the state of an earlier optimizer of the same parameters. @throws OpError if a tensor is missing or misshapen */
    void restore(Map<String, Tensor> state, long steps);

    @Override void close();
}
