package dev.faithdiff.convert.system;

import dev.faithdiff.convert.file.ConvertError;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;

/** Makes one model folder of published files: checks that all is there, then writes it one tensor at a time. */
public interface Converter extends AutoCloseable {
    /**
     * Reads what the files say about their tensors, without the values, and checks it.
     *
     * @throws ConvertError listing all problems if the model would not be complete
     */
    ConversionReport plan();

    /** Writes what was planned into an existing empty folder. @param progress where to show how far it is, or null */
    void write(Path folder, PrintStream progress) throws IOException;

    @Override void close();
}
