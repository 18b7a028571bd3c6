package dev.faithdiff.tensor;

import dev.faithdiff.tensor.op.Op;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * A scope that also records each op with an operand that descends from a watched tensor, and computes the gradients of a loss. Other ops are not
 * recorded, so frozen parameters cost nothing. Intermediate gradients are freed as soon as they have been used.
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
    /** An op that ran; or, with a block instead of an op, a part of the network that is run again for its gradients. */
    private record Node(Op op, Supplier<Tensor> block, Tensor[] in, boolean[] wanted, Tensor out) {}

    /**
     * What is noted while a block runs for its result only: the tensors that it makes, with whether they descend from a watched one, and those that
     * it uses from outside.
     */
    private static final class Trial {
        final Map<Tensor, Boolean> made = new IdentityHashMap<>();
        final Set<Tensor> used = new LinkedHashSet<>();
    }

    private final Map<Tensor, Boolean> tracked = new IdentityHashMap<>();
    private final Tape outer;
    private final List<Tensor> watched;
    private final boolean recompute;
    private final List<Node> nodes = new ArrayList<>();
    private final Set<Storage> sums = new HashSet<>();
    private boolean recording = true;
    private Trial trial;

    private Tape(Collection<Tensor> watched, boolean recompute, Tape outer) {
        super(false);
        this.watched = List.copyOf(watched);
        this.recompute = recompute;
        this.outer = outer;
        for (Tensor t : watched) tracked.put(t, true);
    }

    /** Opens a tape on the tensors whose gradients are wanted. */
    public static Tape watch(Collection<Tensor> tensors) { return watch(tensors, false); }

    /**
     * Opens a tape on the tensors whose gradients are wanted.
     *
     * @param recompute true: blocks given to {@link #recompute} are run again for their gradients instead of kept
     */
    public static Tape watch(Collection<Tensor> tensors, boolean recompute) { return new Tape(tensors, recompute, null); }

    /** Opens a tape on the tensors whose gradients are wanted. */
    public static Tape watch(Tensor... tensors) { return watch(List.of(tensors)); }

    /**
     * Runs a block of a network in a scope of its own. On a tape that recomputes, the block's intermediate tensors are not kept, and the block runs
     * again when its gradient is computed (gradient checkpointing, Chen et al. 2016). Results and gradients are bitwise the same, provided the
     * block gives the same result each time and keeps nothing that it computed.
     */
    public static Tensor recompute(Supplier<Tensor> block) {
        Tape tape = currentTape();
        boolean tries = tape != null && tape.recompute && tape.recording && tape.trial == null;
        try (Scope s = Scope.open()) {
            return s.keep(tries ? tape.tryOut(block) : block.get());
        }
    }

    private Tensor tryOut(Supplier<Tensor> block) {
        Trial t = trial = new Trial();
        Tensor out;
        try {
            out = block.get();
        } finally {
            trial = null;
        }
        if (t.made.getOrDefault(out, false)) add(new Node(null, block, t.used.toArray(Tensor[]::new), null, out));
        return out;
    }

    /** Called by the engine after each op. */
    public static void record(Op op, Tensor[] in, Tensor out) {
        Tape tape = currentTape();
        if (tape == null || !tape.recording) return;
        boolean[] wanted = new boolean[in.length];
        boolean descends = false;
        for (int i = 0; i < in.length; i++) descends |= wanted[i] = tape.tracks(in[i]);
        if (tape.trial != null) {
            for (Tensor t : in) if (!tape.trial.made.containsKey(t)) tape.trial.used.add(t);
            tape.trial.made.put(out, descends);
        } else if (descends) {
            tape.add(new Node(op, null, in, wanted, out));
        }
    }

    /** Whether the innermost tape records what is computed from these tensors. */
    public static boolean follows(Tensor... in) {
        Tape tape = currentTape();
        if (tape == null || !tape.recording) return false;
        for (Tensor t : in) if (tape.tracks(t)) return true;
        return false;
    }

    /** Whether it also keeps them, for gradients: not while a block that runs again is run for its result only. */
    public static boolean keeps(Tensor... in) { return follows(in) && currentTape().trial == null; }

    private boolean tracks(Tensor t) {
        return tracked.containsKey(t) || trial != null && trial.made.getOrDefault(t, false) || outer != null && outer.tracks(t);
    }

    private void add(Node node) {
        tracked.put(node.out, true);
        nodes.add(node);
        for (Tensor t : node.in) pin(t);
        pin(node.out);
    }

    private void pin(Tensor t) {
        Scope owner = t.storage().owner;
        if (owner != null && owner != this && owner.isInside(this)) adopt(t);
    }

    /**
     * Gradients of a scalar loss with respect to the watched tensors, in a map by identity. A watched tensor that the loss does not depend on is not
     * in it. The gradients belong to this tape: use or adopt them before it closes.
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
            Map<Tensor, Tensor> gradients = new IdentityHashMap<>();
            gradients.put(out, grad);
            backward(nodes, gradients);
            Map<Tensor, Tensor> wanted = new IdentityHashMap<>();
            for (Tensor t : watched) if (gradients.containsKey(t)) wanted.put(t, gradients.get(t));
            return wanted;
        } finally {
            recording = true;
            sums.clear();
        }
    }

    private void backward(List<Node> part, Map<Tensor, Tensor> gradients) {
        for (int i = part.size() - 1; i >= 0; i--) {
            Node node = part.get(i);
            Tensor grad = gradients.get(node.out);
            if (grad == null) continue;
            if (node.op == null) again(node.block, grad, gradients);
            else backward(node, grad, gradients);
            gradients.remove(node.out);
            free(grad, gradients);
        }
    }

    /** Runs a block once more, recorded on a tape of its own, for the gradients of what it used. */
    private void again(Supplier<Tensor> block, Tensor grad, Map<Tensor, Tensor> gradients) {
        try (Tape inner = new Tape(List.of(), false, this)) {
            Tensor out = block.get();
            inner.recording = false;
            gradients.put(out, grad);
            backward(inner.nodes, gradients);
        }
    }

    private void backward(Node node, Tensor grad, Map<Tensor, Tensor> gradients) {
        try (Scope s = Scope.open()) {
            Tensor[] grads = node.op.gradient(node.in, node.out, grad, node.wanted);
            for (int i = 0; i < grads.length; i++) {
                if (!node.wanted[i] || grads[i] == null) continue;
                Tensor before = gradients.get(node.in[i]), sum = before == null ? grads[i] : before.add(grads[i]);
                // Only what was made just now: a view of the upstream gradient can belong to a scope outside.
                if (sum.storage().owner == s) sums.add(adopt(sum).storage());
                gradients.put(node.in[i], sum);
                if (before != null) free(before, gradients);
            }
        }
    }

    /** Gives a gradient's memory back unless another one shares it. */
    private void free(Tensor grad, Map<Tensor, Tensor> gradients) {
        Storage s = grad.storage();
        if (!sums.contains(s)) return;
        for (Tensor t : gradients.values()) if (t.storage() == s) return;
        sums.remove(s);
        release(s);
    }
}
