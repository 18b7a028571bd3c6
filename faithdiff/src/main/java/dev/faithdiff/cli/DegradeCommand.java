package dev.faithdiff.cli;

import dev.faithdiff.degrade.Recipe;
import dev.faithdiff.image.Image;
import dev.faithdiff.image.ImageFiles;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes a small bad photo of a good one, to try restoring it. */
@Command(name = "degrade", description = "Make a small bad photo of a good one: blur, noise, JPEG.", mixinStandardHelpOptions = true,
        footer = {"", "Recipes:",
            "  mini       what the small default model is measured with: blur, noise, JPEG quality 75",
            "  published  what FaithDiff was trained on: two random rounds of blur, resizing, noise and JPEG",
            "  level1     mild: reduction and a light JPEG",
            "  level2     middle: one random round",
            "  level3     strong: two random rounds in wide ranges",
            "The levels are this program's own, not the paper's, whose numbers are not published."})
public final class DegradeCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "IN", description = "The good photo: PNG, JPEG, WebP, TIFF or BMP.")
    private Path in;

    @Option(names = {"-o", "--output"}, paramLabel = "OUT", required = true, description = "The bad photo: .png, .jpg or .tif.")
    private Path out;

    @Option(names = "--recipe", defaultValue = "mini", description = "mini, published, level1, level2 or level3 (default: ${DEFAULT-VALUE}).")
    private String recipe;

    @Option(names = "--scale", defaultValue = "4", description = "How many times smaller (default: ${DEFAULT-VALUE}).")
    private int scale;

    @Option(names = "--seed", defaultValue = "0", description = "The same seed gives the same photo (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--same-size", description = "Enlarge the bad photo to the good one's size again (bicubic).")
    private boolean sameSize;

    @Override public Integer call() {
        Recipe chosen = Recipe.named(recipe);
        ImageFiles.checkWritable(out);
        Image clean = ImageFiles.read(in);
        Image bad = chosen.degrade(clean, scale, seed);
        if (sameSize) bad = Recipe.enlarged(bad, clean.width(), clean.height());
        ImageFiles.write(bad, out);
        System.out.println(out + ": " + bad.width() + "x" + bad.height() + ", recipe " + recipe + ", scale " + scale + ", seed " + seed);
        return 0;
    }
}
