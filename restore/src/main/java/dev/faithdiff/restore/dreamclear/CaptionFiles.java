package dev.faithdiff.restore.dreamclear;

import dev.faithdiff.model.ModelFolder;
import dev.faithdiff.restore.sd.SdModel;
import dev.faithdiff.tensor.host.DiskCache;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
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
        byte[] values = cache == null ? null : cache.findNamed(key(ids), ENDING);
        if (values == null || values.length != count * Float.BYTES) return null;
        cache.used(key(ids), ENDING);
        float[] states = new float[count];
        ByteBuffer.wrap(values).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(states);
        return states;
    }

    /** Keeps states. */
    void keep(List<Integer> ids, float[] states) {
        if (cache == null) return;
        ByteBuffer values = ByteBuffer.allocate(states.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        values.asFloatBuffer().put(states);
        cache.keepNamed(key(ids), ENDING, values.array());
        cache.limit(ENDING, MOST);
    }
}
