package dev.faithdiff.convert.file;

import dev.faithdiff.model.ModelError;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.host.IoReason;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * A network of ncnn in two files side by side: its graph as text ({@code .param}) and its weights in the order of its layers ({@code .bin}),
 * which are mapped into memory. A tag in front of a convolution's weights says whether they are F16 or F32; biases and slopes are F32.
 * Weights have no names in the files: which network it is, and so what PyTorch calls its weights, follows from the graph. Source: ncnn's
 * net.cpp and modelbin.cpp.
 */
public final class NcnnFile implements AutoCloseable {
    private static final String MAGIC = "7767517", GRAPH = ".param", WEIGHTS = ".bin";
    private static final int F32 = 0, F16 = 0x01306b47, INT8 = 0x000d4b38, MOST_LAYERS = 20_000, LONGEST_LINE = 1 << 16, LARGEST_KERNEL = 31;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment in;
    private long at;
    private Map<String, Source> entries;

    private NcnnFile(Path weights) {
        if (!Files.isRegularFile(weights)) throw new ConvertError(weights, "does not exist; a graph needs its weights beside it");
        try (FileChannel channel = FileChannel.open(weights)) {
            in = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        } catch (IOException e) {
            throw new ConvertError(weights, "cannot be read: " + IoReason.of(e), e);
        }
    }

    /** Whether a file is one of the two. Its first bytes tell; weights without a tag are known by the graph beside them. */
    public static boolean is(Path path, byte[] start) {
        if (new String(start, StandardCharsets.ISO_8859_1).startsWith(MAGIC)) return true;
        if (start.length < 4 || start[0] == 'P' && start[1] == 'K' || start[0] == (byte) 0x80) return false;
        int tag = MemorySegment.ofArray(start).get(DType.INT, 0);
        return tag == F16 || tag == INT8 || path.toString().endsWith(WEIGHTS) && Files.exists(beside(path, WEIGHTS, GRAPH));
    }

    /**
     * Opens both files.
     *
     * @param path   either of the two files
     * @param naming names the graph's weights, or throws a ConvertError if it computes no network that is known
     * @throws ConvertError if the files are damaged, or the error of the naming
     */
    public static NcnnFile open(Path path, Function<NcnnGraph, Map<String, Source>> naming) {
        Path graph = beside(path, WEIGHTS, GRAPH), weights = beside(path, GRAPH, WEIGHTS);
        String text = SmallFile.text(graph);
        NcnnFile file = new NcnnFile(weights);
        try {
            file.entries = naming.apply(file.read(text.lines().filter(l -> !l.isBlank()).toArray(String[]::new)));
            return file;
        } catch (ConvertError e) {
            file.close();
            throw new ConvertError(graph, e.getMessage(), e);
        } catch (Throwable e) {
            file.close();
            throw e;
        }
    }

    /** The file of the same name with this ending instead of the other one. */
    private static Path beside(Path path, String other, String ending) {
        String name = path.getFileName().toString();
        return name.endsWith(other) ? path.resolveSibling(name.substring(0, name.length() - other.length()) + ending) : path;
    }

    private NcnnGraph read(String[] lines) {
        if (lines.length < 3 || !lines[0].strip().equals(MAGIC)) throw new ConvertError("is no text graph of ncnn");
        int layers = lines.length - 2;
        if (layers > MOST_LAYERS || !lines[1].strip().startsWith(layers + " ")) {
            throw new ConvertError("has " + layers + " layers but says " + ModelError.clean(lines[1].strip())
                    + " (layers and blobs), or has more than " + MOST_LAYERS);
        }
        NcnnGraph graph = new NcnnGraph();
        for (int i = 2; i < lines.length; i++) {
            if (lines[i].length() > LONGEST_LINE) {
                throw new ConvertError("has a line of " + lines[i].length() + " characters, more than " + LONGEST_LINE);
            }
            NcnnLayer layer = NcnnLayer.parse(lines[i]);
            graph.add(layer, weights(layer));
        }
        if (at != in.byteSize()) throw new ConvertError("has layers of " + at + " bytes of weights, but there are " + in.byteSize());
        return graph;
    }

    private Map<String, Source> weights(NcnnLayer layer) {
        Map<String, Source> own = new LinkedHashMap<>();
        if (layer.type().equals("Convolution")) {
            int outputs = layer.number(0, 0), kernel = kernel(layer);
            long each = (long) outputs * kernel * kernel, count = layer.number(6, 0);
            if (each == 0 || count == 0 || count % each != 0) throw layer.error("has " + count + " weights for " + outputs + " outputs");
            own.put("weight", tagged(layer, Shape.of(outputs, (int) (count / each), kernel, kernel)));
            own.put("bias", next(layer, "bias", DType.F32, Shape.of(outputs)));
        }
        if (layer.type().equals("PReLU")) own.put("weight", next(layer.only(0), "weight", DType.F32, Shape.of(layer.number(0, 0))));
        return own;
    }

    /** The side of a kernel, which must be square and keep the size of the image. */
    private static int kernel(NcnnLayer layer) {
        layer.only(0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16);
        if (layer.number(8, 0) != 0) throw layer.error("holds 8-bit integers (int8), which are not read; take the network in F16 or F32");
        if (layer.number(5, 0) != 1) throw layer.error("has no bias");
        int kernel = layer.number(1, 0), pad = layer.number(4, 0), top = layer.number(14, pad);
        boolean plain = kernel <= LARGEST_KERNEL && layer.number(11, kernel) == kernel && 2 * pad == kernel - 1 && top == pad
                && layer.number(15, pad) == pad && layer.number(16, top) == pad;
        for (int key : new int[] {2, 3, 12, 13}) plain &= layer.number(key, 1) == 1;
        if (!plain) throw layer.error("does not keep the size of the image with a square kernel, stride 1 and no gaps");
        return kernel;
    }

    private Source tagged(NcnnLayer layer, Shape shape) {
        int tag = in.byteSize() - at < Integer.BYTES ? F32 : in.get(DType.INT, at);
        at += Integer.BYTES;
        return switch (tag) {
            case F32 -> next(layer, "weight", DType.F32, shape);
            case F16 -> next(layer, "weight", DType.F16, shape);
            case INT8 -> throw layer.error("holds 8-bit integers (int8), which are not read; take the network in F16 or F32");
            default -> throw layer.error("has weights that are neither F16 nor F32");
        };
    }

    /** The next weights of the file, which end at a multiple of four bytes. */
    private Source next(NcnnLayer layer, String name, DType dtype, Shape shape) {
        long bytes = shape.count() * dtype.bytes(), begin = at;
        if (bytes > in.byteSize() - at) throw layer.error("has weights that pass the end of the file: truncated?");
        at += (bytes + 3) / 4 * 4;
        return Source.of(name, dtype, shape, () -> in.asSlice(begin, bytes));
    }

    /** All weights under the network's names in PyTorch, in the graph's order. */
    public Map<String, Source> entries() { return entries; }

    @Override public void close() { arena.close(); }
}
