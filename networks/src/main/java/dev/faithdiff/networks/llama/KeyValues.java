package dev.faithdiff.networks.llama;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Device;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.Tensor;
import dev.faithdiff.tensor.op.CastOp;
import dev.faithdiff.tensor.op.Engine;

/** The keys, turned by their positions, and values of the tokens so far, for each layer of a LLaMA; in the scope where it was made. */
public final class KeyValues {
    private final Tensor[] keys, values;
    private final int most, width;
    private final DType dtype;
    private int tokens;

    /** Room for {@code most} tokens. @param dtype F32, or F16 in half of the memory */
    public KeyValues(LlamaConfig c, int most, DType dtype, Device device) {
        this.most = most;
        this.dtype = dtype;
        width = c.keyWidth();
        keys = new Tensor[c.layers()];
        values = new Tensor[c.layers()];
        for (int i = 0; i < c.layers(); i++) {
            keys[i] = Tensor.empty(device, dtype, Shape.of(1, most, width));
            values[i] = Tensor.empty(device, dtype, Shape.of(1, most, width));
        }
    }

    /** How many tokens all layers have seen. */
    public int tokens() { return tokens; }

    /** The keys of a layer, {@code [1, count, width]} of the first tokens. */
    public Tensor keys(int layer, int count) { return keys[layer].view(0, Shape.of(1, count, width)); }

    /** The values of a layer, as {@link #keys}. */
    public Tensor values(int layer, int count) { return values[layer].view(0, Shape.of(1, count, width)); }

    /** Writes the keys and values {@code [1, T, width]} of the next tokens of a layer. @throws OpError if there is no room */
    void add(int layer, Tensor k, Tensor v) {
        int more = k.size(1);
        if (tokens + more > most) throw new OpError("there is room for " + most + " tokens, not for " + (tokens + more));
        Shape shape = Shape.of(1, more, width);
        Engine.update(new CastOp(dtype), keys[layer].view((long) tokens * width, shape), k);
        Engine.update(new CastOp(dtype), values[layer].view((long) tokens * width, shape), v);
    }

    /** All layers have seen so many more tokens. */
    void seen(int more) { tokens += more; }
}
