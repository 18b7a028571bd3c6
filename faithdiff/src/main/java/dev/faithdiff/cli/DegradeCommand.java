package dev.faithdiff.cli;

import dev.faithdiff.degrade.Recipe;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.restore.batch.Worklist;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Makes a small, degraded photo from a good one, to try restoring it. */
@Command(name = "degrade", description = "Make a small, degraded photo from a good one: blur, noise, JPEG.",
        sortOptions = false, showDefaultValues = true, footer = {"", "Recipes:",
            "  mini       blur, noise and JPEG of quality 75, as 'evaluate' does by default",
            "  published  two random rounds, in the ranges of FaithDiff's training",
            "  level1     mild: shrinking and JPEG of high quality",
            "  level2     medium: one random round",
            "  level3     strong: two random rounds, in wide ranges",
            "The levels are a guess of this program's, not calibrated: the paper does not give its numbers."})
final class DegradeCommand implements Callable<Integer> {
    @Parameters(paramLabel = "IN", description = "The good photo: PNG, JPEG, WebP, TIFF or BMP.")
    private Path in;

    @Spec private CommandSpec spec;

    @Option(names = {"-o", "--output"}, paramLabel = "OUT", required = true, description = "The degraded photo: .png, .jpg, .tif or .webp.")
    private Path out;

    @Option(names = {"--overwrite", "--force"}, description = "Replace OUT if it exists.")
    private boolean overwrite;

    @Option(names = "--recipe", paramLabel = "NAME", description = "How the photo is degraded: mini, published, level1, level2 or level3, or losses "
            + "in their order, such as blur:1.2+noise:5+jpeg:75 (docs/studies.md).")
    private String recipe = Recipe.MINI.name();

    @Option(names = "--scale", paramLabel = "N", description = "By how many times the photo is shrunk.")
    private int scale = 4;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the random numbers. The same seed gives the same photo.")
    private long seed;

    @Option(names = "--same-size", description = "Enlarge the degraded photo to its first size again (bicubic).")
    private boolean sameSize;

    @Override public Integer call() {
        Recipe chosen = recipe();
        if (scale < 1) throw usage("--scale must be at least 1, not " + scale);
        if (Worklist.isSame(in, out)) throw usage("writing " + out + " would replace the photo that is to be read");
        if (Files.isRegularFile(out) && !overwrite) throw usage(out + " exists already; --overwrite replaces it");
        ImageFiles.checkWritable(out);
        Image clean = ImageFiles.read(in);
        Image bad = chosen.degrade(clean, scale, seed);
        if (sameSize) bad = Resize.resize(bad, clean.width(), clean.height(), Filter.BICUBIC);
        ImageFiles.write(bad, out);
        System.out.println(out + ": " + bad.width() + "x" + bad.height() + ", recipe " + recipe + ", scale " + scale + ", seed " + seed);
        if (!recipe.contains(":")) System.out.println(recipe + ": " + chosen.origin());
        return 0;
    }

    private Recipe recipe() {
        try {
            return Recipe.named(recipe);
        } catch (IllegalArgumentException e) {
            throw usage(e.getMessage());
        }
    }

    private ParameterException usage(String message) { return new ParameterException(spec.commandLine(), message); }
}
