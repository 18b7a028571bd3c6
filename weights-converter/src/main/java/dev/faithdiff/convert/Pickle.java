package dev.faithdiff.convert;

import dev.faithdiff.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
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
 * strings, byte[], booleans and None (null); whatever else the pickle asks for is left to {@link Globals} or refused by name.
 * Nothing recurses and nothing is allocated by a claimed size. Source: CPython's pickletools.
 */
final class Pickle {
    /** The named things a pickle may use, and what calling them gives. */
    interface Globals {
        boolean allows(String name);

        Object call(String name, List<?> arguments);

        Object persistent(List<?> id);
    }

    /** A named class or function on the stack. */
    record Global(String name) { }

    private static final int MOST_OPCODES = 4_000_000, MOST_OBJECTS = 1_000_000, LONGEST_LINE = 1 << 16, LONGEST_INTEGER = 1 << 10;
    private static final long LONGEST_TEXT = 16 << 20, LONGEST_PICKLE = 256 << 20;

    private final Path file;
    private final MemorySegment in;
    private final Globals globals;
    private final List<Object> stack = new ArrayList<>();
    private final List<Integer> marks = new ArrayList<>();
    private final Map<Long, Object> memo = new HashMap<>();
    private final long start;
    private long at;

    /** A pickle that starts at byte {@code start} of {@code in}; {@code file} is named in messages. */
    Pickle(Path file, MemorySegment in, long start, Globals globals) {
        this.file = file;
        this.in = in;
        this.start = start;
        this.at = start;
        this.globals = globals;
    }

    /** The byte after the pickle that was read. */
    long end() { return at; }

    /** @throws ConvertError if the pickle is damaged, too large, or asks for anything but tensors and containers */
    Object read() {
        for (int opcodes = 0; ; opcodes++) {
            if (opcodes == MOST_OPCODES || stack.size() > MOST_OBJECTS || marks.size() > MOST_OBJECTS || memo.size() > MOST_OBJECTS
                    || at - start > LONGEST_PICKLE) throw error("is too large for the pickle of a checkpoint");
            int opcode = u8();
            if (opcode == '.') return pop();
            step(opcode);
        }
    }

    private void step(int opcode) {
        switch (opcode) {
            case 0x80 -> { if (u8() > 5) throw error("has a protocol above 5"); }
            case 0x95 -> take(8);                                                            // FRAME
            case '(' -> marks.add(stack.size());
            case '0' -> { if (stack.size() > floor()) pop(); else popMark(); }
            case '1' -> popMark();
            case '2' -> push(peek());
            case 'N' -> push(null);
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'I', 'L' -> push(integer(line()));
            case 'J' -> push((long) in.get(DType.INT, take(4)));
            case 'K' -> push((long) u8());
            case 'M' -> push(u16());
            case 0x8a -> push(integer(bytes(u8())));
            case 0x8b -> push(integer(bytes(u32())));
            case 'F' -> push(real(line()));
            case 'G' -> push(in.get(DType.DOUBLE.withOrder(ByteOrder.BIG_ENDIAN), take(8)));
            case 'U', 0x8c -> push(text(bytes(u8())));
            case 'T', 'X' -> push(text(bytes(u32())));
            case 0x8d -> push(text(bytes(u64())));
            case 'C' -> push(bytes(u8()));
            case 'B' -> push(bytes(u32()));
            case 0x8e, 0x96 -> push(bytes(u64()));
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
            case 'g' -> push(recall(number(line())));
            case 'h' -> push(recall(u8()));
            case 'j' -> push(recall(u32()));
            case 'p' -> memo.put(number(line()), peek());
            case 'q' -> memo.put((long) u8(), peek());
            case 'r' -> memo.put(u32(), peek());
            case 0x94 -> memo.put((long) memo.size(), peek());
            case 'c' -> { String module = line(); push(global(module, line())); }
            case 0x93 -> { List<Object> v = popLast(2); push(global(v.get(0), v.get(1))); }
            case 'R' -> reduce();
            case 'b' -> build();
            case 'Q' -> push(globals.persistent(arguments(pop())));
            case 'i' -> { String module = line(); throw error("builds an object of " + global(module, line()).name + ", which is not allowed"); }
            case 0x81 -> { List<Object> v = popLast(2); throw error("builds an object of " + kind(v.get(0)) + ", which is not allowed"); }
            default -> throw error("has opcode 0x" + Integer.toHexString(opcode) + " at byte " + (at - 1) + ", which is not allowed");
        }
    }

    private Global global(Object module, Object name) {
        if (!(module instanceof String) || !(name instanceof String)) throw error("names a global by something other than text");
        String full = module + "." + name;
        if (globals.allows(full)) return new Global(full);
        throw error("asks for " + ConvertError.clean(full) + ", which is not allowed; only tensors and containers are read");
    }

    private void reduce() {
        List<?> arguments = arguments(pop());
        Object callable = pop();
        if (!(callable instanceof Global g)) throw error("calls a " + kind(callable));
        push(globals.call(g.name, arguments));
    }

    /** Attributes: a state dict's {@code _metadata} is dropped, anything else is refused. */
    private void build() {
        Object state = pop();
        if (!(peek() instanceof LinkedHashMap) || !(state instanceof LinkedHashMap<?, ?> m) || !List.of("_metadata").containsAll(m.keySet())) {
            throw error("sets attributes of a " + kind(peek()) + ", which is not allowed");
        }
    }

    /** Names are compared and hashed, so only flat values may be keys: no recursion through a container that holds itself. */
    static boolean isKey(Object k) {
        return k == null || k instanceof String || k instanceof Long || k instanceof BigInteger || k instanceof Double || k instanceof Boolean;
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
            case Global g -> g.name;
            case LinkedHashMap<?, ?> m -> "dict";
            case List<?> l -> o instanceof ArrayList ? "list" : "tuple";
            case LinkedHashSet<?> s -> "set";
            case String s -> "string";
            case Number n -> "number";
            default -> o.getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT);
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

    private int u8() { return in.get(ValueLayout.JAVA_BYTE, take(1)) & 0xff; }

    private long u16() { return in.get(DType.SHORT, take(2)) & 0xffff; }

    private long u32() { return in.get(DType.INT, take(4)) & 0xffff_ffffL; }

    private long u64() { return in.get(DType.LONG, take(8)); }

    private byte[] bytes(long length) {
        if (length < 0 || length > in.byteSize() - at) throw error("claims a text of " + Long.toUnsignedString(length) + " bytes but has " + (in.byteSize() - at) + " left: truncated?");
        if (length > LONGEST_TEXT) throw error("has a text of " + length + " bytes, too long for a checkpoint");
        return in.asSlice(take(length), length).toArray(ValueLayout.JAVA_BYTE);
    }

    private String line() {
        long end = at;
        while (end < in.byteSize() && end - at <= LONGEST_LINE && in.get(ValueLayout.JAVA_BYTE, end) != '\n') end++;
        if (end == in.byteSize()) throw error("ends in the middle of a line: truncated?");
        if (end - at > LONGEST_LINE) throw error("has a line that is too long");
        String s = text(bytes(end - at));
        take(1);
        return s;
    }

    private String text(byte[] utf8) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
        } catch (CharacterCodingException e) {
            throw error("has text that is not UTF-8");
        }
    }

    private Object integer(String line) {
        if (line.equals("00") || line.equals("01")) return line.equals("01"); // protocol 1 writes booleans so
        String digits = line.endsWith("L") ? line.substring(0, line.length() - 1) : line;
        if (!digits.matches("-?[0-9]{1," + LONGEST_INTEGER + "}")) throw error("has an integer that cannot be read");
        return narrow(new BigInteger(digits));
    }

    private Object integer(byte[] littleEndian) {
        if (littleEndian.length > LONGEST_INTEGER) throw error("has an integer that is too long");
        byte[] b = new byte[littleEndian.length + 1];
        for (int i = 0; i < littleEndian.length; i++) b[b.length - 1 - i] = littleEndian[i];
        if (b.length > 1 && b[1] < 0) b[0] = -1;
        return narrow(new BigInteger(b));
    }

    private static Object narrow(BigInteger i) { return i.bitLength() < 64 ? (Object) i.longValue() : i; }

    private long number(String line) {
        if (integer(line) instanceof Long n) return n;
        throw error("has a memo index that cannot be read");
    }

    private double real(String line) {
        try {
            return Double.parseDouble(line);
        } catch (NumberFormatException e) {
            throw error("has a number that cannot be read");
        }
    }

    private long take(long count) {
        if (count > in.byteSize() - at) throw error("ends too early: truncated?");
        at += count;
        return at - count;
    }

    private ConvertError error(String reason) { return new ConvertError(file, "the pickle " + reason); }
}
