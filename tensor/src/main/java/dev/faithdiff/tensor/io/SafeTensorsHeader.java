package dev.faithdiff.tensor.io;

import static dev.faithdiff.tensor.io.SafeTensorsError.quote;

import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.OpError;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.SafeTensors.Entry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads and checks the header of one mapped file: eight bytes of length, JSON, then tensors back to back to the file's end. */
record SafeTensorsHeader(List<Entry> entries, Map<String, String> metadata) {
    static final String METADATA = "__metadata__";
    static final long LARGEST = 100_000_000;
    private static final int HIGHEST_RANK = 32;
    private static final Map<String, DType> DTYPES = new HashMap<>();

    static {
        for (DType t : DType.values()) DTYPES.put(t.name(), t);
    }

    private record Span(String name, DType dtype, Shape shape, long begin, long end) { }

    static SafeTensorsHeader read(Path path, MemorySegment file) {
        if (file.byteSize() < 8) {
            throw new SafeTensorsError(path, "is " + file.byteSize() + " bytes, too short for a safetensors file");
        }
        long length = file.get(DType.LONG, 0), rest = file.byteSize() - 8;
        if (length < 0 || length > LARGEST) { // unsigned in the file
            String claim = Long.toUnsignedString(length);
            throw new SafeTensorsError(path, "claims a header of " + claim + " bytes, more than 100 MB");
        }
        if (length > rest) {
            throw new SafeTensorsError(path, "claims a header of " + length + " bytes but ends after " + rest + ": truncated?");
        }
        if (length == 0 || file.get(ValueLayout.JAVA_BYTE, 8) != '{') {
            throw new SafeTensorsError(path, "header does not start with {: not a safetensors file?");
        }

        byte[] text = file.asSlice(8, length).toArray(ValueLayout.JAVA_BYTE);
        Reader reader = new InputStreamReader(new ByteArrayInputStream(text), StandardCharsets.UTF_8.newDecoder());
        StrictJson json = new StrictJson(path, "header", reader);
        List<Span> spans = new ArrayList<>();
        Map<String, String> metadata = new LinkedHashMap<>();
        json.document(name -> {
            if (name.equals(METADATA)) json.object(METADATA, key -> metadata.put(key, json.string("the metadata of " + quote(key))));
            else spans.add(span(json, name));
        });
        return new SafeTensorsHeader(entries(path, spans, file.asSlice(8 + length)), metadata);
    }

    private static Span span(StrictJson json, String name) throws IOException {
        String of = " of tensor " + quote(name);
        String[] dtype = {null};
        long[][] shape = {null}, offsets = {null};
        json.object("tensor " + quote(name), key -> {
            switch (key) {
                case "dtype" -> dtype[0] = json.string("the dtype" + of);
                case "shape" -> shape[0] = json.counts("the shape" + of, HIGHEST_RANK);
                case "data_offsets" -> offsets[0] = json.counts("the data_offsets" + of, 2);
                default -> throw json.error("has an unknown field " + quote(key) + of);
            }
        });
        if (dtype[0] == null || shape[0] == null || offsets[0] == null) throw json.error("lacks dtype, shape or data_offsets" + of);
        if (offsets[0].length != 2) throw json.error("needs two data_offsets" + of);
        DType type = DTYPES.get(dtype[0]);
        if (type == null) throw json.error("has dtype " + quote(dtype[0]) + of + ", which is none of " + List.of(DType.values()));
        return new Span(name, type, shape(json, shape[0], of), offsets[0][0], offsets[0][1]);
    }

    private static Shape shape(StrictJson json, long[] sizes, String of) {
        int[] ints = new int[sizes.length];
        for (int i = 0; i < ints.length; i++) {
            if (sizes[i] > Integer.MAX_VALUE) throw json.error("has size " + sizes[i] + " in the shape" + of + ", more than 2^31-1");
            ints[i] = (int) sizes[i];
        }
        try {
            return Shape.of(ints);
        } catch (OpError e) {
            throw json.error("has an impossible shape" + of + ": " + e.getMessage());
        }
    }

    private static List<Entry> entries(Path path, List<Span> spans, MemorySegment data) {
        spans.sort(Comparator.comparingLong(Span::begin).thenComparingLong(Span::end));
        List<Entry> entries = new ArrayList<>(spans.size());
        long at = 0;
        for (Span s : spans) {
            String tensor = "tensor " + quote(s.name) + " at bytes " + s.begin + " to " + s.end;
            if (s.begin > s.end) throw new SafeTensorsError(path, tensor + " ends before it begins");
            if (s.end > data.byteSize()) {
                throw new SafeTensorsError(path, tensor + " passes the end of the data at " + data.byteSize() + ": truncated?");
            }
            long count = s.shape.count(), size = s.end - s.begin;
            if (count > size || count * s.dtype.bytes() != size) {
                throw new SafeTensorsError(path, tensor + " does not fit its type " + s.dtype + s.shape);
            }
            if (s.begin < at) throw new SafeTensorsError(path, tensor + " overlaps the tensor before it, which ends at " + at);
            if (s.begin > at) throw new SafeTensorsError(path, tensor + " leaves a hole after " + at);
            at = s.end;
            entries.add(new Entry(s.name, s.dtype, s.shape, data.asSlice(s.begin, size)));
        }
        if (at != data.byteSize()) {
            throw new SafeTensorsError(path, "has " + (data.byteSize() - at) + " bytes after its last tensor");
        }
        return entries;
    }
}
