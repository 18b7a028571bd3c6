package dev.faithdiff.tensor;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Lifetime: owns every storage allocated while it is the innermost open scope of its thread; closing returns them to the pool.
 *
 * <pre>{@code
 * try (Scope s = Scope.open()) {
 *     Tensor h = ...;          // freed at the end
 *     return s.keep(y);        // handed to the enclosing scope
 * }
 * }</pre>
 */
public class Scope implements AutoCloseable {
    private static final ThreadLocal<Scope> CURRENT = new ThreadLocal<>();

    private final Scope parent;
    private final Tape tape;
    private final boolean detached;
    private final Set<Storage> owned = new LinkedHashSet<>();
    private boolean open = true;

    Scope(boolean detached) {
        this.detached = detached;
        parent = detached ? null : CURRENT.get();
        tape = this instanceof Tape t ? t : parent == null ? null : parent.tape;
        if (!detached) CURRENT.set(this);
    }

    /** Opens a scope inside the thread's current one. */
    public static Scope open() { return new Scope(false); }

    /** A scope that is never the current one: its owner puts storages into it by {@link #adopt} and closes it. */
    public static Scope detached() { return new Scope(true); }

    /** The innermost open scope. @throws OpError if the thread has none */
    public static Scope current() {
        Scope s = CURRENT.get();
        if (s == null) throw new OpError("no scope is open on this thread: wrap the work in try (Scope s = Scope.open()) { ... }");
        return s;
    }

    /** The innermost open tape, or null. */
    static Tape currentTape() {
        Scope s = CURRENT.get();
        return s == null ? null : s.tape;
    }

    /** Takes over the tensor's storage from whichever scope owns it; a storage without an owner (a mapped file) stays as it is. */
    public Tensor adopt(Tensor t) {
        Storage s = t.storage();
        if (s.owner != null && s.owner != this) {
            s.owner.owned.remove(s);
            own(s);
        }
        return t;
    }

    /** Hands the tensor to the enclosing scope, so that it outlives this one. Tensors of outer scopes stay where they are. */
    public Tensor keep(Tensor t) {
        if (t.storage().owner != this) return t;
        if (parent == null) throw new OpError("nothing encloses this scope, so " + t + " cannot be kept");
        return parent.adopt(t);
    }

    /**
     * The next tensor of a chain, {@code h = s.replace(h, f(h))}. The tensor before it is freed at once if this scope owns it. Tensors of outer
     * scopes and of tapes stay, and so does a storage that both tensors share.
     */
    public Tensor replace(Tensor before, Tensor next) {
        Storage s = before.storage();
        if (s.owner == this && s != next.storage()) release(s);
        return next;
    }

    void release(Storage s) {
        owned.remove(s);
        s.release();
    }

    void own(Storage s) {
        s.owner = this;
        owned.add(s);
    }

    /** True if this scope is {@code outer} or lies inside it. */
    boolean isInside(Scope outer) {
        for (Scope s = this; s != null; s = s.parent) if (s == outer) return true;
        return false;
    }

    @Override public void close() {
        if (!open) return;
        if (!detached) {
            if (CURRENT.get() != this) throw new OpError("scopes must be closed in the order they were opened, on their own thread");
            CURRENT.set(parent);
        }
        open = false;
        for (Storage s : owned) s.release();
        owned.clear();
    }
}
