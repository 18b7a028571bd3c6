package dev.faithdiff.tensor;

import dev.faithdiff.tensor.op.Op;
import java.util.ArrayList;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A scope that also records what descends from the watched tensors, and turns a loss into gradients. Frozen parts cost nothing.
 *
 * <pre>{@code
 * try (Tape tape = Tape.watch(parameters)) {
 *     Tensor loss = ...;
 *     Map<Tensor, Tensor> gradients = tape.gradients(loss);
 *     ...                                     // use them before the tape closes
 * }
 * }</pre>
 */
public final class Tape extends Scope {
    private record Node(Op op, Tensor[] in, Tensor out) {}

    private final Map<Tensor, Boolean> tracked = new IdentityHashMap<>();
    private final List<Tensor> watched;
    private final List<Node> nodes = new ArrayList<>();
    private boolean recording = true;

    private Tape(Collection<Tensor> watched) {
        super(false);
        this.watched = List.copyOf(watched);
        for (Tensor t : watched) tracked.put(t, true);
    }

    /** Opens a tape on the tensors whose gradients are wanted. */
    public static Tape watch(Collection<Tensor> tensors) { return new Tape(tensors); }

    /**
     * Opens a tape on the tensors whose gradients are wanted.
     *
     * @param recompute true: blocks given to {@link #recompute} are run again for their gradients instead of kept
     */
    public static Tape watch(Collection<Tensor> tensors, boolean recompute) { return new Tape(tensors); }

    public static Tape watch(Tensor... tensors) { return new Tape(List.of(tensors)); }

    /**
     * Runs a block of a network. On a tape that recomputes, what it computes inside is not kept but computed again when its gradient is
     * wanted; the block must give the same result each time. Elsewhere the block just runs.
     */
    public static Tensor recompute(Supplier<Tensor> block) { return block.get(); }

    /** Called by the engine after each op. */
    public static void record(Op op, Tensor[] in, Tensor out) {
        Tape tape = currentTape();
        if (tape != null && tape.recording) tape.add(op, in, out);
    }

    private void add(Op op, Tensor[] in, Tensor out) {
        boolean descends = false;
        for (Tensor t : in) descends |= tracked.containsKey(t);
        if (!descends) return;
        tracked.put(out, true);
        nodes.add(new Node(op, in, out));
        for (Tensor t : in) pin(t);
        pin(out);
    }

    private void pin(Tensor t) {
        Scope owner = t.storage().owner;
        if (owner != null && owner != this && owner.isInside(this)) adopt(t);
    }

    /**
     * Gradients of a scalar loss with respect to the watched tensors, by identity; a watched tensor that the loss does not depend
     * on has none. They belong to this tape: use or adopt them before it closes.
     */
    public Map<Tensor, Tensor> gradients(Tensor loss) {
        if (loss.count() != 1) throw new OpError("the loss must be one number, not " + loss);
        Tensor one = Tensor.full(loss.device(), loss.dtype(), loss.shape(), 1);
        return gradients(loss, one);
    }

    /** Gradients of {@code sum(out * grad)}: the vector-Jacobian product for an upstream gradient. */
    public Map<Tensor, Tensor> gradients(Tensor out, Tensor grad) {
        recording = false;
        try {
            Map<Tensor, Tensor> sums = new IdentityHashMap<>();
            sums.put(out, grad);
            for (int i = nodes.size() - 1; i >= 0; i--) backward(nodes.get(i), sums);
            sums.keySet().retainAll(identitySet(watched));
            return sums;
        } finally {
            recording = true;
        }
    }

    private void backward(Node node, Map<Tensor, Tensor> sums) {
        Tensor grad = sums.get(node.out);
        if (grad == null) return;
        boolean[] wanted = new boolean[node.in.length];
        for (int i = 0; i < wanted.length; i++) wanted[i] = tracked.containsKey(node.in[i]);
        Tensor[] grads;
        try (Scope s = Scope.open()) {
            grads = node.op.gradient(node.in, node.out, grad, wanted);
            for (int i = 0; i < wanted.length; i++) {
                if (!wanted[i] || grads[i] == null) continue;
                Tensor before = sums.get(node.in[i]);
                Tensor sum = before == null ? grads[i] : before.add(grads[i]);
                pin(sum); // not adopt: it may be a view of the upstream gradient, which can belong to a scope outside
                sums.put(node.in[i], sum);
            }
        }
    }

    private static Collection<Tensor> identitySet(List<Tensor> tensors) {
        Map<Tensor, Boolean> m = new IdentityHashMap<>();
        for (Tensor t : tensors) m.put(t, true);
        return m.keySet();
    }
}
