package dev.faithdiff.convert.command;

import dev.faithdiff.convert.system.ConversionReport;
import dev.faithdiff.convert.system.Converter;
import dev.faithdiff.convert.system.Progress;
import dev.faithdiff.model.WholeFolder;
import java.nio.file.Path;
import java.util.function.Supplier;
import picocli.CommandLine.Option;

/** The options that say where a command makes its model folder. */
final class Output {
    @Option(names = {"-o", "--output"}, required = true, paramLabel = "MODELDIR", description = "Folder to make.")
    private Path folder;

    @Option(names = "--force", description = "Replace an existing model folder.")
    private boolean force;

    /** As {@link #make(Path, boolean, Supplier, WholeFolder.Writer)}, by these options. */
    int make(Supplier<Converter> opening) { return make(folder, force, opening, f -> { }); }

    /**
     * Makes a folder and prints the report. Nothing stays of the folder if the program is interrupted.
     *
     * @param force whether an existing model is replaced
     * @param last  adds to the folder, before it appears
     * @return exit code 0
     * @throws dev.faithdiff.model.ModelError if the folder exists and may not be replaced; nothing is opened then
     */
    static int make(Path folder, boolean force, Supplier<Converter> opening, WholeFolder.Writer last) {
        WholeFolder.check(folder, force);
        try (Converter converter = opening.get()) {
            ConversionReport report = converter.plan();
            write(folder, force, f -> {
                converter.write(f, Progress.terminal());
                last.write(f);
            });
            System.out.println(report);
        }
        System.out.println("wrote " + folder);
        return 0;
    }

    private static void write(Path folder, boolean force, WholeFolder.Writer writer) {
        Thread interrupted = new Thread(() -> WholeFolder.recover(folder));
        Runtime.getRuntime().addShutdownHook(interrupted);
        try {
            WholeFolder.write(folder, force, writer);
        } finally {
            unhook(interrupted);
        }
    }

    private static void unhook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            return; // the JVM is going down and has begun the hook
        }
    }
}
