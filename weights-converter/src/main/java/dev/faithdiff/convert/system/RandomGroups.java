package dev.faithdiff.convert.system;

import dev.faithdiff.nn.Groups;
import dev.faithdiff.tensor.DType;
import dev.faithdiff.tensor.Shape;
import dev.faithdiff.tensor.io.Source;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Random numbers of a matrix in {@link Groups}, or its scales, which are all equal, so that the matrix is within 1/sqrt(inputs).
 *
 * @param all the part's tensors, of which the other half of the matrix tells the bits
 */
record RandomGroups(String name, Shape shape, Map<String, Shape> all, long seed) implements Source {
    private static final int CHUNK = 1 << 20;

    private boolean isScales() { return name.endsWith(Groups.SCALES); }

    private int columns() { return 32 * (isScales() ? shape : all.get(name + Groups.SCALES)).size(1); }

    private int bits() {
        Shape numbers = isScales() ? all.get(name.substring(0, name.length() - Groups.SCALES.length())) : shape;
        return 8 * numbers.size(1) / columns();
    }

    @Override public DType dtype() { return isScales() ? DType.F16 : Groups.type(bits()); }

    @Override public void writeTo(WritableByteChannel out) throws IOException {
        SplittableRandom random = new SplittableRandom(seed ^ name.hashCode());
        short scale = Float.floatToFloat16((float) (1 / Math.sqrt(columns()) / (1 << bits() - 1)));
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
        for (long left = shape.count() * dtype().bytes(); left > 0; left -= chunk.limit()) {
            chunk.clear();
            if (isScales()) while (chunk.hasRemaining()) chunk.putShort(scale);
            else random.nextBytes(chunk.array());
            chunk.position(0).limit((int) Math.min(CHUNK, left));
            while (chunk.hasRemaining()) out.write(chunk);
        }
    }
}
