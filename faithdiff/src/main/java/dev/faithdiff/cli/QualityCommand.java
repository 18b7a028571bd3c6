package dev.faithdiff.cli;

import dev.faithdiff.image.file.OutputFile;
import dev.faithdiff.quality.Pristine;
import dev.faithdiff.train.ImageFolder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Makes what measures need. */
@Command(name = "quality", description = "Make what measures need: parameters of NIQE from your own photos.")
final class QualityCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Override public Integer call() {
        spec.commandLine().usage(spec.commandLine().getOut());
        return 0;
    }

    @Command(name = "fit-niqe", description = "Fit parameters of NIQE to natural photos of high quality, for 'measure --niqe-model'. The measure is "
            + "then called niqe-fitted, since its values are none of the published ones.")
    int fitNiqe(@Parameters(paramLabel = "PHOTOS", description = "Folder of photos. The original was fitted to 125 of them.") Path photos,
            @Option(names = {"-o", "--output"}, paramLabel = "FILE", required = true, description = "The parameters, as JSON.") Path out,
            @Option(names = {"--overwrite", "--force"}, description = "Replace FILE if it exists.") boolean overwrite) {
        if (Files.exists(out) && !overwrite) throw new ParameterException(spec.commandLine(), out + " exists already; --overwrite replaces it");
        OutputFile.checkWritable(out);
        ImageFolder folder = ImageFolder.open(photos, 0);
        Pristine.Fit fit = new Pristine.Fit();
        for (int i = 0; i < folder.size(); i++) fit.add(folder.image(i));
        Pristine fitted = fit.parameters();
        OutputFile.write(out, fitted.toJson());
        spec.commandLine().getOut().println(out + ": " + fitted.fitted());
        return 0;
    }
}
