package dev.faithdiff.convert;

import com.google.gson.JsonObject;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.util.Locale;
import java.util.Map;

/** A network that is a model of its own, in a file by itself. */
interface GeneratorFile {
    /** What its class is called where it was published. */
    String name();

    /** What {@code model.json} calls it. */
    default String kind() { return name().toLowerCase(Locale.ROOT); }

    /** Whether a state dict, already unwrapped, is of this network. */
    boolean is(Map<String, Source> tensors);

    /** The tensors under the one naming of converted models. */
    Map<String, Source> modern(Map<String, Source> tensors);

    /** The weights of a graph of ncnn, under the one naming. @throws ConvertError saying what the graph does otherwise */
    Map<String, Source> along(NcnnGraph graph);

    /** The sizes, all of which show in the tensors under that naming. */
    JsonObject numbers(Map<String, Source> tensors);

    /** The tensors that a network of such sizes needs. */
    Map<String, Shape> keys(JsonObject numbers);

    /** One size of a convolution's weight {@code [O, I, kh, kw]}. */
    default int size(Map<String, Source> tensors, String key, int axis) {
        Source t = tensors.get(key);
        if (t == null) throw new ConvertError("the " + name() + " has no " + key);
        if (t.shape().rank() == 4 && t.shape().size(axis) > 0) return t.shape().size(axis);
        throw new ConvertError("the " + name() + "'s " + key + " has the impossible shape " + t.shape());
    }
}
