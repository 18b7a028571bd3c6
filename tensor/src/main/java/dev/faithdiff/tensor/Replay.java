package dev.faithdiff.tensor;

/**
 * Work that is done many times on inputs of unchanging shapes and types, such as a denoising step. {@link Device#replay} gives it back in a form
 * that a device may record once and then repeat at a single request.
 */
@FunctionalInterface
public interface Replay extends AutoCloseable {
    /**
     * The result for these inputs, for use before the next run and inside the scope that is open now. All else that the work uses must stay
     * alive and in place between runs; host memory it must not touch.
     */
    Tensor run(Tensor... in);

    /** Frees what was recorded. */
    @Override default void close() {}
}
