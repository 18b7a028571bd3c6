package dev.faithdiff.convert.file;

import dev.faithdiff.model.ModelError;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * One line of an ncnn graph: type, name, number of inputs, number of outputs, their names, and parameters. A parameter with key 0 is
 * {@code 0=64}; one with key 10 and a list of two values is {@code -23310=2,0.2,1}. Source: ncnn's net.cpp and paramdict.cpp.
 */
record NcnnLayer(String type, String name, List<String> inputs, List<String> outputs, Map<Integer, double[]> parameters) {
    private static final int ARRAYS = -23300, MOST_PARAMETERS = 32, MOST_VALUES = 64, MOST_BLOBS = 1000, LONGEST = 24;

    /** @throws ConvertError if the line is not a layer of a graph */
    static NcnnLayer parse(String line) {
        String[] words = line.strip().split("\\s+");
        int at = 4, inputs = words.length < at ? -1 : count(words[2]), outputs = inputs < 0 ? -1 : count(words[3]);
        if (outputs < 0 || words.length < at + inputs + outputs) throw new ConvertError("has a line that is no layer: " + ModelError.clean(line));
        List<String> in = new ArrayList<>(), out = new ArrayList<>();
        while (in.size() < inputs) in.add(words[at++]);
        while (out.size() < outputs) out.add(words[at++]);
        NcnnLayer layer = new NcnnLayer(words[0], words[1], in, out, new TreeMap<>());
        while (at < words.length) layer.parameter(words[at++]);
        return layer;
    }

    private void parameter(String text) {
        String[] sides = text.split("=", 2);
        int key = sides.length == 2 && sides[0].matches("-?\\d{1,6}") ? Integer.parseInt(sides[0]) : Integer.MAX_VALUE;
        String[] values = sides[sides.length - 1].split(",", MOST_VALUES + 2);
        int first = key <= ARRAYS ? 1 : 0, count = values.length - first;
        boolean counts = first == 0 ? count == 1 : count == count(values[0]);
        if (first == 1) key = ARRAYS - key;
        if (!counts || key < 0 || key >= MOST_PARAMETERS || parameters.containsKey(key)) {
            throw error("has a damaged parameter " + ModelError.clean(text));
        }
        double[] numbers = new double[count];
        for (int i = 0; i < count; i++) numbers[i] = value(values[first + i]);
        parameters.put(key, numbers);
    }

    private double value(String text) {
        try {
            if (text.length() <= LONGEST && text.matches("[-+0-9.eE]+")) return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            // reported below
        }
        throw error("has a parameter that is no number: " + ModelError.clean(text));
    }

    /** The count that a text holds, or -1. */
    private static int count(String text) {
        int n = text.matches("\\d{1,4}") ? Integer.parseInt(text) : -1;
        return n <= MOST_BLOBS ? n : -1;
    }

    /** Fails if any other parameter is set, since it may change what the layer computes. */
    NcnnLayer only(Integer... keys) {
        parameters.forEach((key, values) -> {
            if (!Set.of(keys).contains(key) && (values.length != 1 || values[0] != 0)) {
                throw error("has the parameter " + key + ", which is not understood");
            }
        });
        return this;
    }

    /** A parameter that is one whole number of at least 0. */
    int number(int key, int otherwise) {
        double v = real(key, otherwise);
        if (v != Math.rint(v) || v < 0 || v > Integer.MAX_VALUE) throw error("has no usable parameter " + key);
        return (int) v;
    }

    /** A parameter that is one number. */
    double real(int key, double otherwise) {
        double[] v = parameters.getOrDefault(key, new double[] {otherwise});
        if (v.length != 1) throw error("has no usable parameter " + key);
        return v[0];
    }

    ConvertError error(String reason) {
        return new ConvertError("layer " + ModelError.clean(name) + " (" + ModelError.clean(type) + ") " + reason);
    }
}
