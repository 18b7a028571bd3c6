package dev.faithdiff.convert;

import dev.faithdiff.model.WholeFolder;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The model folder that a command makes, as options. */
final class Output {
    @Option(names = {"-o", "--output"}, required = true, paramLabel = "MODELDIR", description = "Folder to make.")
    private Path folder;

    @Option(names = "--force", description = "Replace an existing model folder.")
    private boolean force;

    /** @throws dev.faithdiff.model.ModelError if the folder exists and may not be replaced */
    void check() { WholeFolder.check(folder, force); }

    /** Writes the folder, of which nothing stays if the program is interrupted, and prints the report. */
    void write(ConversionReport report, WholeFolder.Writer writer) {
        Thread interrupted = new Thread(() -> WholeFolder.recover(folder));
        Runtime.getRuntime().addShutdownHook(interrupted);
        try {
            WholeFolder.write(folder, force, writer);
        } finally {
            unhook(interrupted);
        }
        System.out.println(report);
        System.out.println("wrote " + folder);
    }

    private static void unhook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            return; // the JVM is going down and has begun the hook
        }
    }
}
