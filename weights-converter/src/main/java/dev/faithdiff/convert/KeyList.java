package dev.faithdiff.convert;

import dev.faithdiff.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;

/** Names and shapes of tensors as files hold them, gathered layer by layer. */
final class KeyList {
    private static final int MOST_KEYS = 100_000;

    private final Map<String, Shape> shapes = new LinkedHashMap<>();

    Map<String, Shape> shapes() { return shapes; }

    void tensor(String key, int... sizes) {
        if (shapes.size() >= MOST_KEYS) throw new ConvertError("a configuration asks for more than " + MOST_KEYS + " tensors");
        shapes.put(key, Shape.of(sizes));
    }

    void linear(String at, int in, int out) {
        tensor(at + ".weight", out, in);
        tensor(at + ".bias", out);
    }

    void conv(String at, int in, int out, int kernel) {
        tensor(at + ".weight", out, in, kernel, kernel);
        tensor(at + ".bias", out);
    }

    void norm(String at, int channels) {
        tensor(at + ".weight", channels);
        tensor(at + ".bias", channels);
    }

    /** Two convolutions, with a shortcut where the width changes; {@code time} is the width of the time embedding, 0 for none. */
    void resnet(String at, int in, int out, int time) {
        norm(at + ".norm1", in);
        conv(at + ".conv1", in, out, 3);
        if (time > 0) linear(at + ".time_emb_proj", time, out);
        norm(at + ".norm2", out);
        conv(at + ".conv2", out, out, 3);
        if (in != out) conv(at + ".conv_shortcut", in, out, 1);
    }
}
