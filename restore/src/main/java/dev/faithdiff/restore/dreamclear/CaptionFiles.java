package dev.faithdiff.restore.dreamclear;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.tensor.host.DiskCache;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/**
 * T5's states of captions on disk, so that T5 is not read again for a text that it has read: those of the captions that were used last, each a file
 * of at most 2 MB. They belong to the encoder's weights, the kind of device and the type in which it computed. {@code -Dfaithdiff.captions} names
 * another folder than that in the user's cache folder, or is {@code off}.
 *
 * @param cache   null: nothing is kept
 * @param encoder what the states depend on beside the tokens
 */
record CaptionFiles(DiskCache cache, String encoder) {
    /** How many captions are kept. */
    static final int MOST = 64;
    static final String PROPERTY = "faithdiff.captions", ENDING = ".states";
    private static final String OFF = "off";

    /** @param part the encoder's folder in the model's */
    static CaptionFiles of(SdModel base, String part) {
        if (OFF.equals(System.getProperty(PROPERTY))) return new CaptionFiles(null, "");
        String weights = new ModelFolder(base.file(part)).digest();
        return new CaptionFiles(DiskCache.of(PROPERTY, "captions"), weights + " " + base.device.kind() + " " + base.precision());
    }

    private String key(List<Integer> ids) { return encoder + " " + ids; }

    /** The states of a text's tokens in F32, or null if they are not known or the file is damaged. @param count of numbers */
    float[] find(List<Integer> ids, int count) {
        byte[] all = cache == null ? null : cache.findNamed(key(ids), ENDING);
        int bytes = count * Float.BYTES;
        if (all == null || all.length <= bytes) return null;
        byte[] values = Arrays.copyOf(all, bytes);
        if (!Arrays.equals(DiskCache.sha256(values), Arrays.copyOfRange(all, bytes, all.length))) return null;
        cache.used(key(ids), ENDING);
        float[] states = new float[count];
        ByteBuffer.wrap(values).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(states);
        return states;
    }

    /** Keeps states, with their SHA-256 behind them. */
    void keep(List<Integer> ids, float[] states) {
        if (cache == null) return;
        ByteBuffer values = ByteBuffer.allocate(states.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        values.asFloatBuffer().put(states);
        byte[] sum = DiskCache.sha256(values.array());
        cache.keepNamed(key(ids), ENDING, ByteBuffer.allocate(values.capacity() + sum.length).put(values.array()).put(sum).array());
        cache.limit(ENDING, MOST);
    }
}
