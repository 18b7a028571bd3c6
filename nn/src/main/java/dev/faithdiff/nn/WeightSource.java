package dev.faithdiff.nn;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.List;
import java.util.Map;

/** Where the values of parameters come from: a file, a random generator, or another source whose tensors are changed on the way. */
public interface WeightSource extends AutoCloseable {
    /**
     * A tensor that a source holds.
     *
     * @param shape as files hold it: {@code [O, I, kh, kw]} for a convolution
     */
    record Held(Shape shape, DType dtype) {}

    /** What error messages call this source. */
    String name();

    /** The tensors that it holds, by key; null for a source that has a tensor for every key. */
    Map<String, Held> held();

    /** False for a source of shapes alone, whose tensors have no memory. */
    default boolean hasValues() { return true; }

    /**
     * A tensor in the shape that its layer takes. It belongs to the current scope, or to the source until that is closed. Its type may be
     * wider than that in {@link #held}; whoever keeps the tensor then rounds it.
     *
     * @param init  first values, for a source that draws them
     * @param shape what the layer takes, {@code [O, kh, kw, I]} for a convolution; that of the held tensor if the source holds the key
     */
    Tensor get(String key, Init init, Shape shape);

    /**
     * Tensors of one shape, as {@link #get} gives each, that lie one behind the other in one storage, first axis on first axis; null where nothing
     * is gained by that.
     */
    default List<Tensor> together(List<String> keys, Init init, Shape shape) { return null; }

    /** The weight {@code [out, in]} of a linear layer in 8 bits, in the current scope; null where {@link #get} gives it as it is. */
    default Quantized quantized(String key, Shape shape) { return null; }

    @Override default void close() { }
}
