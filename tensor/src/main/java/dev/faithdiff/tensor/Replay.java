package dev.faithdiff.tensor;

/**
 * Work that is done many times on inputs of the same shapes and types, such as a denoising step. {@link Device#replay} wraps it so that a device may
 * record it once and then repeat it with one request.
 */
@FunctionalInterface
public interface Replay extends AutoCloseable {
    /**
     * The result for these inputs, valid until the next run and inside the scope that is open now. Everything else that the work uses must stay
     * alive at the same addresses between runs. The work must not touch host memory.
     */
    Tensor run(Tensor... in);

    /** Frees what was recorded. */
    @Override default void close() {}
}
