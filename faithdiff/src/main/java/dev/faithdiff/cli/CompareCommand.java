package dev.faithdiff.cli;

import dev.faithdiff.image.Image;
import dev.faithdiff.image.file.ImageFiles;
import dev.faithdiff.quality.Channels;
import dev.faithdiff.quality.Psnr;
import dev.faithdiff.quality.Ssim;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Measures how similar two photos of the same size are. */
@Command(name = "compare", description = "Print how similar two photos of the same size are: PSNR and SSIM. 'faithdiff measure' has all measures.")
final class CompareCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "A", description = "A photo.")
    private Path a;

    @Parameters(index = "1", paramLabel = "B", description = "The photo to compare it with.")
    private Path b;

    @Override public Integer call() {
        Image x = ImageFiles.read(a), y = ImageFiles.read(b);
        print("PSNR %.2f dB (RGB), %.2f dB (luma)", new Psnr(Channels.RGB).of(x, y), new Psnr(Channels.Y).of(x, y));
        print("SSIM %.4f (RGB), %.4f (luma)", new Ssim(Channels.RGB).of(x, y), new Ssim(Channels.Y).of(x, y));
        return 0;
    }

    private static void print(String line, Object... numbers) { System.out.println(String.format(Locale.ROOT, line, numbers)); }
}
