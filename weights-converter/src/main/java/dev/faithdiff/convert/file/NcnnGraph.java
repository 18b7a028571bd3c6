package dev.faithdiff.convert.file;

import dev.faithdiff.convert.file.NcnnGraph.Node.Kind;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.tensor.io.Source;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an ncnn graph computes, as steps of a few kinds. The activation inside a convolution and the factors inside a sum become steps of
 * their own; a copy is no step. A {@link Walk} follows the graph as a known network computes, and so finds the names of its weights.
 */
public final class NcnnGraph {
    /**
     * One step, and the numbers of the steps that its inputs come from.
     *
     * @param number the slope of LEAKY, the factor of SCALE, the pixels along one side of NEAREST, SHUFFLE and UNSHUFFLE, else 0
     * @param layer  the layer's name if it has weights; else null, and equal steps are one step
     */
    public record Node(Kind kind, float number, List<Integer> inputs, String layer) {
        public enum Kind { INPUT, CONVOLUTION, PRELU, LEAKY, SCALE, ADD, CONCAT, NEAREST, SHUFFLE, UNSHUFFLE }

        static Node of(Kind kind, float number, int... inputs) {
            int[] in = inputs.clone();
            if (kind == Kind.ADD) Arrays.sort(in);
            return new Node(kind, number, Arrays.stream(in).boxed().toList(), null);
        }

        /** Whether it leaves its input as it is. */
        boolean idle() {
            return number == 1 && (kind == Kind.SCALE || kind == Kind.NEAREST || kind == Kind.SHUFFLE || kind == Kind.UNSHUFFLE);
        }
    }

    private final Map<Node, Integer> steps = new HashMap<>();
    private final Map<String, Integer> blobs = new HashMap<>();
    /** By step, and within it by {@code weight} and {@code bias}. */
    private final Map<Node, Map<String, Source>> weights = new LinkedHashMap<>();
    private int result;

    /** Adds the next layer of the file, with its weights under the names {@code weight} and {@code bias}. */
    void add(NcnnLayer layer, Map<String, Source> own) {
        int[] in = layer.inputs().stream().mapToInt(b -> blob(layer, b)).toArray();
        boolean sums = switch (layer.type()) {
            case "Input", "Concat", "BinaryOp", "Eltwise" -> true;
            default -> false;
        };
        if (!sums && in.length != 1 || layer.outputs().isEmpty()) {
            throw layer.error("has " + in.length + " inputs and " + layer.outputs().size() + " outputs");
        }
        if (!own.isEmpty() && weights.put(weighted(layer, in[0]), own) != null) throw layer.error("comes twice");
        result = made(layer, in);
        for (String b : layer.outputs()) {
            if (blobs.put(b, result) != null) throw layer.error("makes " + ModelError.clean(b) + ", which is there already");
        }
    }

    private int blob(NcnnLayer layer, String name) {
        Integer step = blobs.get(name);
        if (step == null) throw layer.error("takes " + ModelError.clean(name) + ", which no layer before it makes");
        return step;
    }

    private int made(NcnnLayer layer, int[] in) {
        return switch (layer.type()) {
            case "Input" -> {
                if (!steps.isEmpty()) throw layer.error("is a second input");
                yield made(Node.of(Kind.INPUT, 0));
            }
            case "Split" -> in[0];
            case "Convolution" -> activated(layer, made(weighted(layer, in[0])));
            case "PReLU" -> made(weighted(layer, in[0]));
            case "ReLU" -> made(Node.of(Kind.LEAKY, (float) layer.only(0).real(0, 0), in));
            case "Concat" -> made(Node.of(Kind.CONCAT, layer.only().number(0, 0), in));
            case "Eltwise" -> sum(layer.only(0, 1), in);
            case "BinaryOp" -> arithmetic(layer.only(0, 1, 2), in);
            case "Interp" -> enlarged(layer.only(0, 1, 2), in);
            case "PixelShuffle" -> made(Node.of(Kind.SHUFFLE, layer.only(0).number(0, 1), in));
            case "Reorg" -> made(Node.of(Kind.UNSHUFFLE, layer.only(0).number(0, 1), in));
            default -> throw layer.error("is of a type that no supported network has");
        };
    }

    private static Node weighted(NcnnLayer layer, int in) {
        return new Node(layer.type().equals("PReLU") ? Kind.PRELU : Kind.CONVOLUTION, 0, List.of(in), layer.name());
    }

    private int activated(NcnnLayer layer, int x) {
        double[] slope = layer.parameters().getOrDefault(10, new double[1]);
        int kind = layer.number(9, 0);
        if (kind > 2 || slope.length != 1) throw layer.error("has an activation that no supported network has");
        return kind == 0 ? x : made(Node.of(Kind.LEAKY, kind == 1 ? 0 : (float) slope[0], x));
    }

    private int sum(NcnnLayer layer, int[] in) {
        double[] factors = layer.parameters().getOrDefault(1, new double[] {1, 1});
        if (layer.number(0, 0) != 1 || in.length != 2 || factors.length != 2) throw layer.error("is not a sum of two inputs");
        return made(Node.of(Kind.ADD, 0, made(Node.of(Kind.SCALE, (float) factors[0], in[0])), made(Node.of(Kind.SCALE, (float) factors[1], in[1]))));
    }

    private int arithmetic(NcnnLayer layer, int[] in) {
        int kind = layer.number(0, 0);
        boolean scalar = layer.number(1, 0) == 1;
        if (scalar && in.length == 1 && kind == 2) return made(Node.of(Kind.SCALE, (float) layer.real(2, 0), in));
        if (!scalar && in.length == 2 && kind == 0) return made(Node.of(Kind.ADD, 0, in));
        throw layer.error("is neither a sum of two inputs nor one input times a number");
    }

    private int enlarged(NcnnLayer layer, int[] in) {
        if (layer.number(0, 0) != 1 || layer.real(1, 1) != layer.real(2, 1)) {
            throw layer.error("does not enlarge by nearest neighbour with one factor for height and width");
        }
        return made(Node.of(Kind.NEAREST, layer.number(1, 1), in));
    }

    private int made(Node step) {
        if (step.idle()) return step.inputs.getFirst();
        Integer number = steps.putIfAbsent(step, steps.size());
        return number == null ? steps.size() - 1 : number;
    }

    /** How many steps of a kind have weights. */
    public int count(Kind kind) { return (int) weights.keySet().stream().filter(s -> s.kind == kind).count(); }

    /** Follows the graph step by step, as a network computes. Each method returns the number of the step that it finds. */
    public final class Walk {
        private final Map<Integer, List<Node>> readers = new HashMap<>();
        private final Map<Node, Map<String, Source>> left = new LinkedHashMap<>(weights);
        private final Map<String, Source> named = new LinkedHashMap<>();
        private String last = "its input";

        public Walk() { for (Node s : weights.keySet()) readers.computeIfAbsent(s.inputs.getFirst(), _ -> new ArrayList<>()).add(s); }

        public int input() { return find(Kind.INPUT, 0); }

        public boolean has(Kind kind, float number, int... inputs) { return steps.containsKey(Node.of(kind, number, inputs)); }

        /** @throws ConvertError if there is no such step */
        public int find(Kind kind, float number, int... inputs) {
            Node step = Node.of(kind, number, inputs);
            if (step.idle()) return inputs[0];
            if (!steps.containsKey(step)) throw new ConvertError("has no " + kind + (number == 0 ? "" : " " + number) + " after " + last);
            return steps.get(step);
        }

        /** Finds the only convolution of x and names its weights. */
        public int convolution(String name, int x) { return weighted(Kind.CONVOLUTION, name, x); }

        /** Finds the only parametric ReLU of x and names its slopes. */
        public int prelu(String name, int x) { return weighted(Kind.PRELU, name, x); }

        private int weighted(Kind kind, String name, int x) {
            List<Node> found = readers.getOrDefault(x, List.of()).stream().filter(s -> s.kind == kind).toList();
            if (found.size() != 1) {
                throw new ConvertError("has " + found.size() + " layers " + kind + " after " + last + ", where " + name + " belongs");
            }
            Map<String, Source> own = left.remove(found.getFirst());
            own.forEach((part, t) -> named.put(name + "." + part, Views.renamed(t, name + "." + part)));
            last = name;
            return steps.get(found.getFirst());
        }

        /** All weights by name. @param x the last step of the network @throws ConvertError if the graph has more steps or other weights */
        public Map<String, Source> end(int x) {
            if (x != result) throw new ConvertError("goes on after " + last);
            List<String> unused = left.keySet().stream().map(s -> ModelError.clean(s.layer)).toList();
            if (!unused.isEmpty()) throw new ConvertError("has weights that are not used: " + unused);
            return named;
        }
    }
}
