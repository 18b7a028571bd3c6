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

/** The published layout of a network that is a whole model by itself. */
public interface GeneratorFile {
    /** The name of its class in the published code. */
    String name();

    /** The kind that {@code model.json} gives for it. */
    String kind();

    /** Whether tensors are those of this network. @param tensors a state dict as {@link KeyNames#unwrap} gives it */
    boolean is(Map<String, Source> tensors);

    /** The tensors under the names that converted models have. */
    Map<String, Source> modern(Map<String, Source> tensors);

    /** The weights of an ncnn graph under those names. @throws ConvertError saying where the graph computes something else */
    Map<String, Source> along(NcnnGraph graph);

    /** The sizes as {@code model.json} holds them. @throws IllegalArgumentException if the shapes are not those of such a network */
    JsonObject sizes(NamedShapes shapes);

    /** The sizes that the shapes of tensors under those names show. @throws ConvertError if they are not those of such a network */
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
