package dev.faithdiff.convert.file;

import dev.faithdiff.model.ModelError;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/**
 * Reads one Python pickle (protocols 1 to 5, as torch.save writes them) without running anything.
 *
 * <p>It builds dicts (LinkedHashMap), lists (ArrayList), tuples (unmodifiable List), sets, numbers (Long, BigInteger, Double),
 * strings, byte[], booleans and None (null); calls are left to {@link Globals} or refused by name. A class that is named and not
 * called, such as a callback in a training checkpoint, is read as its name. A module of TorchScript is read as the dict of its attributes.
 * It never recurses, and never allocates as much as the file merely claims. Source: CPython's pickletools.
 */
final class Pickle {
    /** The named things a pickle may call, and what calling them gives. */
    interface Globals {
        boolean allows(String name);

        /** Whether the name is a class of which only attributes are wanted. */
        boolean isModule(String name);

        Object call(String name, List<?> arguments);

        Object persistent(List<?> id);
    }

    /** An object of which only attributes are read, by name. */
    private static final class Module extends LinkedHashMap<Object, Object> { }

    /** A named class or function on the stack. */
    record Global(String name) {
        @Override public String toString() { return name; }
    }

    private static final int MOST_OPCODES = 4_000_000, MOST_OBJECTS = 1_000_000;
    private static final long LONGEST_PICKLE = 256 << 20;

    private final PickleInput in;
    private final Globals globals;
    private final List<Object> stack = new ArrayList<>();
    private final List<Integer> marks = new ArrayList<>();
    private final Map<Long, Object> memo = new HashMap<>();
    private final long start;

    /** A pickle that starts at byte {@code start} of {@code in}; {@code file} is named in messages. */
    Pickle(Path file, MemorySegment in, long start, Globals globals) {
        this.in = new PickleInput(file, in, start);
        this.start = start;
        this.globals = globals;
    }

    /** The byte after the pickle that was read. */
    long end() { return in.at(); }

    /** @throws ConvertError if the pickle is damaged, too large, or asks for anything but tensors and containers */
    Object read() {
        for (int opcodes = 0; ; opcodes++) {
            if (opcodes == MOST_OPCODES || stack.size() > MOST_OBJECTS || marks.size() > MOST_OBJECTS || memo.size() > MOST_OBJECTS
                    || in.at() - start > LONGEST_PICKLE) throw error("is too large for the pickle of a checkpoint");
            int opcode = in.u8();
            if (opcode == '.') return pop();
            step(opcode);
        }
    }

    private void step(int opcode) {
        switch (opcode) {
            case 0x80 -> { if (in.u8() > 5) throw error("has a protocol above 5"); }
            case 0x95 -> in.take(8); // FRAME: the rest follows by itself
            case '(' -> marks.add(stack.size());
            case '0' -> { if (stack.size() > floor()) pop(); else popMark(); }
            case '1' -> popMark();
            case '2' -> push(peek());
            case 'N' -> push(null);
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'I', 'L' -> push(in.integer(in.line()));
            case 'J' -> push(in.i32());
            case 'K' -> push((long) in.u8());
            case 'M' -> push(in.u16());
            case 0x8a -> push(in.integer(in.bytes(in.u8())));
            case 0x8b -> push(in.integer(in.bytes(in.u32())));
            case 'F' -> push(in.real(in.line()));
            case 'G' -> push(in.f64());
            case 'U', 0x8c -> push(in.text(in.bytes(in.u8())));
            case 'T', 'X' -> push(in.text(in.bytes(in.u32())));
            case 0x8d -> push(in.text(in.bytes(in.u64())));
            case 'C' -> push(in.bytes(in.u8()));
            case 'B' -> push(in.bytes(in.u32()));
            case 0x8e, 0x96 -> push(in.bytes(in.u64()));
            case ')' -> push(List.of());
            case 't' -> push(tuple(popMark()));
            case 0x85, 0x86, 0x87 -> push(tuple(popLast(opcode - 0x84)));
            case ']' -> push(new ArrayList<>());
            case 'l' -> push(popMark());
            case 'a' -> { Object v = pop(); list().add(v); }
            case 'e' -> { List<Object> v = popMark(); list().addAll(v); }
            case '}' -> push(new LinkedHashMap<>());
            case 'd' -> { List<Object> v = popMark(); push(new LinkedHashMap<>()); putAll(v); }
            case 's' -> putAll(popLast(2));
            case 'u' -> putAll(popMark());
            case 0x8f -> push(new LinkedHashSet<>());
            case 0x90 -> { List<Object> v = popMark(); set().addAll(keys(v)); }
            case 0x91 -> push(keys(popMark()));
            case 'g' -> push(recall(in.number(in.line())));
            case 'h' -> push(recall(in.u8()));
            case 'j' -> push(recall(in.u32()));
            case 'p' -> memo.put(in.number(in.line()), peek());
            case 'q' -> memo.put((long) in.u8(), peek());
            case 'r' -> memo.put(in.u32(), peek());
            case 0x94 -> memo.put((long) memo.size(), peek());
            case 'c' -> { String module = in.line(); push(global(module, in.line())); }
            case 0x93 -> { List<Object> v = popLast(2); push(global(v.get(0), v.get(1))); }
            case 'R' -> reduce();
            case 'b' -> build();
            case 'Q' -> push(globals.persistent(arguments(pop())));
            case 'i' -> { String module = in.line(); throw object(global(module, in.line())); }
            case 0x81 -> push(module(popLast(2).get(0)));
            default -> throw error("has opcode 0x" + Integer.toHexString(opcode) + " at byte " + (in.at() - 1) + ", which is not allowed");
        }
    }

    private Module module(Object of) {
        if (of instanceof Global g && globals.isModule(g.name)) return new Module();
        throw object(of);
    }

    private ConvertError object(Object of) {
        if (of instanceof Global g) requireAllowed(g);
        return error("builds an object of " + kind(of) + ", which is not allowed");
    }

    private Global global(Object module, Object name) {
        if (!(module instanceof String) || !(name instanceof String)) throw error("names a global by something other than text");
        return new Global(module + "." + name);
    }

    private void requireAllowed(Global g) {
        if (globals.allows(g.name)) return;
        throw error("asks for " + ModelError.clean(g.name) + ", which is not allowed; only tensors and containers are read");
    }

    private void reduce() {
        List<?> arguments = arguments(pop());
        Object callable = pop();
        if (!(callable instanceof Global g)) throw error("calls a " + kind(callable));
        requireAllowed(g);
        push(globals.call(g.name, arguments));
    }

    /** Attributes: a module gets them, a state dict's {@code _metadata} is dropped, anything else is refused. */
    private void build() {
        Object state = pop();
        if (peek() instanceof Module m && state instanceof LinkedHashMap<?, ?> attributes) {
            m.putAll(attributes);
            return;
        }
        if (!(peek() instanceof LinkedHashMap) || !(state instanceof LinkedHashMap<?, ?> m) || !List.of("_metadata").containsAll(m.keySet())) {
            throw error("sets attributes of a " + kind(peek()) + ", which is not allowed");
        }
    }

    /** Keys are hashed and compared, so only plain values may be keys: a container that holds itself would recurse without end. */
    static boolean isKey(Object k) {
        return k == null || k instanceof String || k instanceof Long || k instanceof BigInteger || k instanceof Double || k instanceof Boolean
                || k instanceof Global;
    }

    private LinkedHashSet<Object> keys(Collection<?> values) {
        for (Object v : values) if (!isKey(v)) throw error("has a " + kind(v) + " as a key");
        return new LinkedHashSet<>(values);
    }

    private void putAll(List<Object> pairs) {
        if (pairs.size() % 2 != 0) throw error("has a key without a value");
        if (!(peek() instanceof LinkedHashMap<?, ?> m)) throw error("sets an item of a " + kind(peek()));
        @SuppressWarnings("unchecked") Map<Object, Object> map = (Map<Object, Object>) m;
        for (int i = 0; i < pairs.size(); i += 2) {
            if (!isKey(pairs.get(i))) throw error("has a " + kind(pairs.get(i)) + " as a key");
            map.put(pairs.get(i), pairs.get(i + 1));
        }
    }

    @SuppressWarnings("unchecked")
    private List<Object> list() {
        if (peek() instanceof ArrayList<?> l) return (List<Object>) l;
        throw error("appends to a " + kind(peek()));
    }

    @SuppressWarnings("unchecked")
    private LinkedHashSet<Object> set() {
        if (peek() instanceof LinkedHashSet<?> s) return (LinkedHashSet<Object>) s;
        throw error("adds to a " + kind(peek()));
    }

    private List<?> arguments(Object o) {
        if (o instanceof List<?> l && !(o instanceof ArrayList)) return l;
        throw error("passes a " + kind(o) + " where a tuple belongs");
    }

    private static List<Object> tuple(List<Object> items) { return Collections.unmodifiableList(items); }

    /** What a value is, in a word; never its content, which may be deep or hold itself. */
    static String kind(Object o) {
        return switch (o) {
            case null -> "None";
            case Global g -> ModelError.clean(g.name);
            case LinkedHashMap<?, ?> m -> "dict";
            case List<?> l -> o instanceof ArrayList ? "list" : "tuple";
            case LinkedHashSet<?> s -> "set";
            case String s -> "string";
            case Number n -> "number";
            case byte[] b -> "bytes";
            case TorchTensor t -> "tensor";
            case TorchTensor.TorchStorage s -> "storage";
            default -> "boolean";
        };
    }

    private void push(Object o) { stack.add(o); }

    private int floor() { return marks.isEmpty() ? 0 : marks.getLast(); }

    private Object peek() {
        if (stack.size() <= floor()) throw error("takes a value where none is");
        return stack.getLast();
    }

    private Object pop() {
        peek();
        return stack.removeLast();
    }

    private List<Object> popLast(int n) {
        if (stack.size() - n < floor()) throw error("takes a value where none is");
        return popFrom(stack.size() - n);
    }

    private List<Object> popMark() {
        if (marks.isEmpty()) throw error("ends a group that was not begun");
        return popFrom(marks.removeLast());
    }

    private List<Object> popFrom(int from) {
        List<Object> tail = stack.subList(from, stack.size());
        List<Object> copy = new ArrayList<>(tail);
        tail.clear();
        return copy;
    }

    private Object recall(long index) {
        if (!memo.containsKey(index)) throw error("recalls value " + index + ", which was not stored");
        return memo.get(index);
    }

    private ConvertError error(String reason) { return in.error(reason); }
}
