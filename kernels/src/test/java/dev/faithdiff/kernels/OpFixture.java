package dev.faithdiff.kernels;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.faithdiff.Fixtures;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** One stored case of an operator: parameters from ops.json, tensors from the operator's file, permuted to this engine's layout. */
record OpFixture(String name, JsonObject json, Fixtures file) {
    /** Operators whose rank-4 tensors are images {@code [N, C, H, W]}, or weights that are permuted the same way. */
    private static final Set<String> IMAGES = Set.of("conv2d", "group_norm", "upsample_nearest2x", "concat");

    static OpFixture of(String name) {
        JsonObject json = Fixtures.json("ops/ops.json").getAsJsonObject("cases").getAsJsonObject(name);
        return new OpFixture(name.substring(name.indexOf('/') + 1), json, Fixtures.open("ops/" + json.get("op").getAsString() + ".safetensors"));
    }

    String op() { return json.get("op").getAsString(); }

    /** A parameter. Fails if the case has none of this name. */
    JsonElement param(String key) {
        JsonElement e = json.getAsJsonObject("params").get(key);
        if (e == null) throw new AssertionError(op() + "/" + name + " has no parameter " + key);
        return e;
    }

    boolean has(String key) {
        JsonElement e = json.getAsJsonObject("params").get(key);
        return e != null && !e.isJsonNull();
    }

    int[] ints(String key) {
        return param(key).getAsJsonArray().asList().stream().mapToInt(JsonElement::getAsInt).toArray();
    }

    /** The floating inputs in the order of the file. */
    Map<String, Tensor> inputs() {
        Map<String, Tensor> in = new LinkedHashMap<>();
        for (JsonElement e : json.getAsJsonArray("inputs")) in.put(e.getAsString(), tensor("in." + e.getAsString()));
        return in;
    }

    /** The one integer input. */
    Tensor indices() {
        String full = name + ".in." + json.getAsJsonArray("int_inputs").getAsString();
        return Tensor.of(file.longs(full), file.shape(full).toArray());
    }

    boolean stored(String tensor) { return file.has(name + "." + tensor); }

    Tensor tensor(String tensor) { return Tensor.of(values(tensor), shape(tensor).toArray()); }

    /** Values in this engine's layout. */
    float[] values(String tensor) { return turned(file.floats(name + "." + tensor), file.shape(name + "." + tensor), order(tensor)); }

    /** Allowed absolute difference by tensor: {@code out}, {@code grad.x}. */
    Map<String, JsonElement> tolerances() { return json.getAsJsonObject("suggested_atol").asMap(); }

    /** Shape in this engine's layout: attention has its heads side by side in the last axis. */
    private Shape shape(String tensor) {
        Shape stored = file.shape(name + "." + tensor);
        int[] order = order(tensor), sizes = new int[order.length];
        for (int i = 0; i < sizes.length; i++) sizes[i] = stored.size(order[i]);
        return op().equals("sdpa") ? Shape.of(sizes[0], sizes[1], sizes[2] * sizes[3]) : Shape.of(sizes);
    }

    private int[] order(String tensor) {
        int rank = file.shape(name + "." + tensor).rank();
        if (op().equals("sdpa")) return new int[] {0, 2, 1, 3};
        if (IMAGES.contains(op()) && rank == 4) return new int[] {0, 2, 3, 1};
        int[] same = new int[rank];
        for (int i = 0; i < rank; i++) same[i] = i;
        return same;
    }

    /** Values with their axes in a new order, by plain loops so that the engine does not check itself. */
    private static float[] turned(float[] from, Shape shape, int[] order) {
        float[] to = new float[from.length];
        int[] at = new int[order.length];
        for (int i = 0; i < to.length; i++) {
            long index = 0;
            for (int d = 0; d < at.length; d++) index += at[d] * shape.count(order[d] + 1, at.length);
            to[i] = from[(int) index];
            for (int d = at.length - 1; d >= 0 && ++at[d] == shape.size(order[d]); d--) at[d] = 0;
        }
        return to;
    }

    @Override public String toString() { return op() + "/" + name; }
}
