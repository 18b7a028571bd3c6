package dev.faithdiff.convert;

import dev.faithdiff.Fixtures;
import dev.faithdiff.tensor.io.Source;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.file.Path;

/** The fixtures' small checkpoint in the layout of the released ones, and what tensors hold. */
public final class TinyCheckpoint {
    public static final Path PATH = Fixtures.path("checkpoint-tiny");

    private TinyCheckpoint() { }

    /** A tensor's elements as they would be written. */
    public static byte[] bytes(Source s) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        s.writeTo(Channels.newChannel(out));
        return out.toByteArray();
    }
}
