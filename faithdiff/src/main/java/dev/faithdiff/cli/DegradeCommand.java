package dev.faithdiff.cli;

import dev.faithdiff.degrade.Recipe;
import dev.faithdiff.image.Filter;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.Resize;
import dev.faithdiff.image.file.ImageFiles;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes a small, degraded photo from a good one, to try restoring it. */
@Command(name = "degrade", description = "Make a small, degraded photo from a good one: blur, noise, JPEG.",
        sortOptions = false, showDefaultValues = true, footer = {"", "Recipes:",
            "  mini       blur, noise and JPEG of quality 75, with which the small model is measured",
            "  published  two random rounds, in the ranges of FaithDiff's training",
            "  level1     mild: shrinking and JPEG of high quality",
            "  level2     medium: one random round",
            "  level3     strong: two random rounds, in wide ranges",
            "The levels are this program's own, since the paper does not give its numbers."})
final class DegradeCommand implements Callable<Integer> {
    @Parameters(paramLabel = "IN", description = "The good photo: PNG, JPEG, WebP, TIFF or BMP.")
    private Path in;

    @Option(names = {"-o", "--output"}, paramLabel = "OUT", required = true, description = "The degraded photo: .png, .jpg or .tif.")
    private Path out;

    @Option(names = "--recipe", paramLabel = "NAME", description = "How the photo is degraded: mini, published, level1, level2 or level3.")
    private String recipe = Recipe.MINI.name();

    @Option(names = "--scale", paramLabel = "N", description = "By how many times the photo is shrunk.")
    private int scale = 4;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the random numbers. The same seed gives the same photo.")
    private long seed;

    @Option(names = "--same-size", description = "Enlarge the degraded photo to its first size again (bicubic).")
    private boolean sameSize;

    @Override public Integer call() {
        Recipe chosen = Recipe.named(recipe);
        ImageFiles.checkWritable(out);
        Image clean = ImageFiles.read(in);
        Image bad = chosen.degrade(clean, scale, seed);
        if (sameSize) bad = Resize.resize(bad, clean.width(), clean.height(), Filter.BICUBIC);
        ImageFiles.write(bad, out);
        System.out.println(out + ": " + bad.width() + "x" + bad.height() + ", recipe " + recipe + ", scale " + scale + ", seed " + seed);
        return 0;
    }
}
