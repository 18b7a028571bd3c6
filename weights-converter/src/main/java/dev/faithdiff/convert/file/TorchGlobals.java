package dev.faithdiff.convert.file;

import dev.faithdiff.convert.file.TorchTensor.TorchStorage;
import dev.faithdiff.model.ModelError;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Shape;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The names that a pickle of torch.save may use: those of tensors, of storages, and of the containers around them. Source: torch/_utils.py. */
final class TorchGlobals implements Pickle.Globals {
    private static final int HIGHEST_RANK = 32;
    private static final long LARGEST_EXPANDED = 1 << 20, MOST_COPIED = 16 << 20;
    private static final Map<String, DType> STORAGES = new HashMap<>();
    private static final Map<String, DType> DTYPES = Map.ofEntries(
            Map.entry("torch.float32", DType.F32), Map.entry("torch.float16", DType.F16), Map.entry("torch.bfloat16", DType.BF16),
            Map.entry("torch.float64", DType.F64), Map.entry("torch.int64", DType.I64), Map.entry("torch.int32", DType.I32),
            Map.entry("torch.int16", DType.I16), Map.entry("torch.int8", DType.I8), Map.entry("torch.uint8", DType.U8),
            Map.entry("torch.bool", DType.BOOL), Map.entry("torch.float8_e4m3fn", DType.F8_E4M3), Map.entry("torch.float8_e5m2", DType.F8_E5M2));
    private static final Set<String> CALLABLES = Set.of("collections.OrderedDict", "torch.Size", "_codecs.encode",
            "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3",
            "torch._utils._rebuild_parameter",
            "torch.jit._pickle.build_intlist", "torch.jit._pickle.build_doublelist", "torch.jit._pickle.build_boollist",
            "torch.jit._pickle.build_tensorlist", "torch.jit._pickle.restore_type_tag",
            "__builtin__.set", "builtins.set", "__builtin__.frozenset", "builtins.frozenset", "__builtin__.bytes", "builtins.bytes");

    static {
        Map.of("Float", DType.F32, "Half", DType.F16, "BFloat16", DType.BF16, "Double", DType.F64, "Long", DType.I64, "Int", DType.I32,
                "Short", DType.I16, "Char", DType.I8, "Byte", DType.U8, "Bool", DType.BOOL).forEach((name, dtype) -> {
            STORAGES.put("torch." + name + "Storage", dtype);
            STORAGES.put("torch.cuda." + name + "Storage", dtype);
        });
        STORAGES.put("torch.storage.UntypedStorage", DType.U8);
        STORAGES.put("torch.UntypedStorage", DType.U8);
    }

    private final Path file;
    private final Map<String, TorchStorage> storages = new LinkedHashMap<>();
    private long copied;

    TorchGlobals(Path file) { this.file = file; }

    /** The storages that tensors asked for, by key, in order of first use. */
    Map<String, TorchStorage> storages() { return storages; }

    /** TorchScript's classes, whose code is in the archive and never read. */
    @Override public boolean isModule(String name) { return name.startsWith("__torch__."); }

    @Override public boolean allows(String name) {
        return CALLABLES.contains(name) || STORAGES.containsKey(name) || DTYPES.containsKey(name);
    }

    @Override public Object call(String name, List<?> a) {
        return switch (name.substring(name.lastIndexOf('.') + 1)) {
            case "OrderedDict" -> dict(a);
            case "set", "frozenset" -> set(a);
            case "bytes" -> new byte[0];
            case "encode" -> copied(first(name, a, String.class).getBytes(StandardCharsets.ISO_8859_1));
            case "Size", "build_intlist", "build_doublelist", "build_boollist", "build_tensorlist" -> first(name, a, List.class);
            case "restore_type_tag" -> first(name, a, Object.class);
            case "_rebuild_parameter" -> first(name, a, TorchTensor.class);
            case "_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3" -> tensor(name, a);
            default -> throw error("the pickle calls " + name + ", which is not a function");
        };
    }

    /** A storage is ("storage", type, key, device, number of elements); very old files add a view, which must be None. */
    @Override public Object persistent(List<?> id) {
        if (id.size() < 5 || !"storage".equals(id.get(0)) || !(id.get(1) instanceof Pickle.Global type) || !(id.get(2) instanceof String key)
                || !(id.get(4) instanceof Long count) || id.size() > 5 && id.get(5) != null) {
            throw error("a storage is described in an unknown way");
        }
        DType dtype = STORAGES.get(type.name());
        if (dtype == null) throw error("the pickle uses " + ModelError.clean(type.name()) + " as a storage");
        if (count < 0 || count > (1L << 56)) throw error("storage " + ModelError.clean(key) + " claims " + count + " elements");
        TorchStorage s = storages.computeIfAbsent(key, k -> new TorchStorage(k, dtype, count));
        if (s.dtype == dtype && s.count == count) return s;
        throw error("storage " + ModelError.clean(key) + " is described in two ways");
    }

    private <T> T first(String name, List<?> a, Class<T> type) {
        if (a.isEmpty() || !type.isInstance(a.get(0))) throw arguments(name);
        return type.cast(a.get(0));
    }

    /** A short pickle can ask for the same copy many times, so the size of all copies together is limited. */
    private byte[] copied(byte[] b) {
        copied(b.length);
        return b;
    }

    private void copied(int values) {
        copied += values;
        if (copied > MOST_COPIED) throw error("the pickle copies more than " + MOST_COPIED + " values");
    }

    private TorchTensor tensor(String name, List<?> a) {
        boolean untyped = name.endsWith("_v3");
        if (a.size() < (untyped ? 7 : 4) || !(a.get(0) instanceof TorchStorage s) || !(a.get(1) instanceof Long offset)
                || !(a.get(2) instanceof List<?> sizes) || !(a.get(3) instanceof List<?> strides)) throw arguments(name);
        DType dtype = !untyped ? s.dtype : a.get(6) instanceof Pickle.Global g ? DTYPES.get(g.name()) : null;
        if (dtype == null) throw arguments(name);
        String tensor = "a tensor in storage " + ModelError.clean(s.key) + " ";
        if (sizes.size() != strides.size() || sizes.size() > HIGHEST_RANK) {
            throw error(tensor + "has " + sizes.size() + " sizes and " + strides.size() + " strides");
        }
        return view(s, dtype, offset, sizes, strides, tensor);
    }

    private TorchTensor view(TorchStorage s, DType dtype, long offset, List<?> sizes, List<?> strides, String tensor) {
        int[] size = new int[sizes.size()];
        long[] stride = new long[size.length];
        for (int i = 0; i < size.length; i++) {
            if (!(sizes.get(i) instanceof Long n) || n < 0 || n > Integer.MAX_VALUE
                    || !(strides.get(i) instanceof Long step) || step < 0) {
                throw error(tensor + "has a size or stride that is negative or too large");
            }
            size[i] = n.intValue();
            stride[i] = step;
        }
        try {
            Shape shape = Shape.of(size);
            long end = offset;
            for (int i = 0; i < size.length; i++) end = Math.addExact(end, Math.multiplyExact(stride[i], (long) size[i] - 1));
            if (offset < 0 || shape.count() > 0 && end >= s.bytes() / dtype.bytes()) {
                throw error(tensor + "passes the end of its storage of " + s.count + " elements (shape " + shape + ", offset " + offset + ")");
            }
            if (shape.count() > Math.max(s.count, LARGEST_EXPANDED)) throw error(tensor + "is expanded to " + shape + " of few elements");
            return new TorchTensor(s, dtype, shape, offset, stride);
        } catch (OpError | ArithmeticException e) {
            throw error(tensor + "has impossible sizes or strides");
        }
    }

    private Map<Object, Object> dict(List<?> a) {
        Map<Object, Object> map = new LinkedHashMap<>();
        if (a.isEmpty()) return map;
        if (a.size() != 1 || !(a.get(0) instanceof List<?> items)) throw arguments("collections.OrderedDict");
        copied(items.size());
        for (Object item : items) {
            if (!(item instanceof List<?> pair) || pair.size() != 2 || !Pickle.isKey(pair.get(0))) throw arguments("collections.OrderedDict");
            map.put(pair.get(0), pair.get(1));
        }
        return map;
    }

    private Set<Object> set(List<?> a) {
        if (a.isEmpty()) return new LinkedHashSet<>();
        if (a.size() != 1 || !(a.get(0) instanceof List<?> items) || !items.stream().allMatch(Pickle::isKey)) throw arguments("set");
        copied(items.size());
        return new LinkedHashSet<>(items);
    }

    private ConvertError arguments(String name) { return error("the pickle calls " + name + " with arguments that do not fit"); }

    private ConvertError error(String reason) { return new ConvertError(file, reason); }
}
