package dev.faithdiff.convert.names;

import com.google.gson.JsonObject;
import dev.faithdiff.convert.file.ConvertError;
import dev.faithdiff.convert.file.NcnnGraph;
import dev.faithdiff.convert.file.Views;
import dev.faithdiff.model.Config;
import dev.faithdiff.nn.NamedShapes;
import dev.faithdiff.nn.Weights;
import dev.faithdiff.tensor.io.Source;
import java.util.Map;

/** A network that is a model of its own, in a file by itself. */
public interface GeneratorFile {
    /** What its class is called where it was published. */
    String name();

    /** What {@code model.json} calls it. */
    String kind();

    /** Whether a state dict, already unwrapped, is of this network. */
    boolean is(Map<String, Source> tensors);

    /** The tensors under the one naming of converted models. */
    Map<String, Source> modern(Map<String, Source> tensors);

    /** The weights of a graph of ncnn, under the one naming. @throws ConvertError saying what the graph does otherwise */
    Map<String, Source> along(NcnnGraph graph);

    /** The sizes as {@code model.json} holds them. @throws IllegalArgumentException if the shapes are not those of such a network */
    JsonObject sizes(NamedShapes shapes);

    /** The sizes that tensors under that naming show. @throws ConvertError if they are not those of such a network */
    default JsonObject sizes(Map<String, Source> tensors) {
        try {
            return sizes(Views.shapes(tensors));
        } catch (IllegalArgumentException e) {
            throw new ConvertError("the " + name() + " has no sizes that can be read from its tensors: " + e.getMessage());
        }
    }

    /** Builds the network. @throws dev.faithdiff.model.ModelError if the settings are not those of such a network */
    void build(Weights w, Config settings);
}
