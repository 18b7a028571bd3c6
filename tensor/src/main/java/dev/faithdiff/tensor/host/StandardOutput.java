package dev.faithdiff.tensor.host;

import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** What programs print. It remembers why that came to nothing: a {@link java.io.PrintStream} only knows that it did. */
final class StandardOutput extends FilterOutputStream {
    private static final String NO_READER = "Broken pipe";

    private IOException failure;

    StandardOutput(OutputStream out) { super(new BufferedOutputStream(out)); }

    @Override public synchronized void write(byte[] bytes, int from, int count) throws IOException {
        try {
            out.write(bytes, from, count);
        } catch (IOException e) {
            throw kept(e);
        }
    }

    @Override public synchronized void flush() throws IOException {
        try {
            out.flush();
        } catch (IOException e) {
            throw kept(e);
        }
    }

    private IOException kept(IOException e) {
        if (failure == null) failure = e;
        return e;
    }

    /** The first reason; null if there is none, or nobody reads any more, as {@code head} when it has seen enough. */
    synchronized String failure() {
        return failure == null || NO_READER.equals(failure.getMessage()) ? null : IoReason.of(failure);
    }
}
